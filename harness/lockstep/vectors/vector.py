"""Finds the vector files below a directory and cuts them into vectors.

Invariant: every vector of every file is returned, in the order of the files' paths; a file that
cannot be read is a ``UsageError``, never left out. JSON without ``test_vectors`` is no vector file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lockstep.faults import UsageError
from lockstep.published.document import Json

_LISTING = "test_vectors"


@dataclass(frozen=True, slots=True)
class Vector:
    """One published vector, its parts still as JSON; ``file`` is relative to the directory."""

    file: str
    name: str
    pre_state: Json
    input: Json
    expected: Json


@dataclass(frozen=True, slots=True)
class Collection:
    """All vectors below a directory, and how many JSON files there hold none."""

    vectors: tuple[Vector, ...]
    other_files: int


def collect(directory: Path) -> Collection:
    """Read every ``*.json`` below ``directory``. Raises ``UsageError`` with one clear line.

    A directory without any vector is refused: running nothing must not look like passing.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory}: no such directory")
    vectors: list[Vector] = []
    other_files = 0
    for path in sorted(directory.rglob("*.json")):
        document = _load(path)
        if isinstance(document, dict) and _LISTING in document:
            vectors += _vectors_of(document[_LISTING], path.relative_to(directory).as_posix())
        else:
            other_files += 1
    if not vectors:
        raise UsageError(f"{directory}: no vectors in it")
    return Collection(tuple(vectors), other_files)


def _load(path: Path) -> Json:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not JSON: {error}") from error


def _vectors_of(listing: Json, file: str) -> list[Vector]:
    if not isinstance(listing, list):
        raise UsageError(f"{file}: {_LISTING} is not a list")
    return [_vector_of(each, file, number) for number, each in enumerate(listing)]


def _vector_of(document: Json, file: str, number: int) -> Vector:
    if not isinstance(document, dict):
        raise UsageError(f"{file}: vector {number} is not an object")
    name = document.get("name")
    if not isinstance(name, str) or not name:
        raise UsageError(f"{file}: vector {number} has no name")
    for key in ("input", "expected"):
        if document.get(key) is None:
            raise UsageError(f"{file}: vector {name} has no {key}")
    return Vector(file, name, document.get("pre_state"), document["input"], document["expected"])
