"""Finds the vector files below a directory and cuts them into vectors.

Invariant: every vector of every file is returned, in the order of the files' paths; a file that
cannot be used is named, never left out. JSON without ``test_vectors`` is no vector file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lockstep.faults import UsageError
from lockstep.foreign.document import DocumentError, document
from lockstep.foreign.files import FileRefused, below, read
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
    """All vectors below a directory, and how many JSON files there hold none.

    ``refused`` says of every file that cannot be used why, in one line that names it.
    """

    vectors: tuple[Vector, ...]
    other_files: int
    refused: tuple[str, ...] = ()


def collect(directory: Path) -> Collection:
    """Read every ``*.json`` below ``directory``. Raises ``UsageError`` with one clear line.

    A directory without any vector is refused: running nothing must not look like passing.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory}: no such directory")
    try:
        files = below(directory)
    except FileRefused as error:
        raise UsageError(f"{directory}: {error}") from error
    vectors: list[Vector] = []
    refused: list[str] = []
    other_files = 0
    for path in files:
        try:
            found = _load(path)
            if isinstance(found, dict) and _LISTING in found:
                vectors += _vectors_of(found[_LISTING], path.relative_to(directory).as_posix())
            else:
                other_files += 1
        except UsageError as error:
            refused.append(str(error))
    if not vectors:
        raise UsageError("; ".join(refused) or f"{directory}: no vectors in it")
    return Collection(tuple(vectors), other_files, tuple(refused))


def _load(path: Path) -> Json:
    try:
        return document(read(path))
    except (FileRefused, DocumentError) as error:
        raise UsageError(f"{path}: {error}") from error


def _vectors_of(listing: Json, file: str) -> list[Vector]:
    if not isinstance(listing, list):
        raise UsageError(f"{file}: {_LISTING} is not a list")
    return [_vector_of(each, file, number) for number, each in enumerate(listing)]


def _vector_of(entry: Json, file: str, number: int) -> Vector:
    if not isinstance(entry, dict):
        raise UsageError(f"{file}: vector {number} is not an object")
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        raise UsageError(f"{file}: vector {number} has no name")
    for key in ("input", "expected"):
        if entry.get(key) is None:
            raise UsageError(f"{file}: vector {name} has no {key}")
    return Vector(file, name, entry.get("pre_state"), entry["input"], entry["expected"])
