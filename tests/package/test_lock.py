"""The lock files pin what is asked for, every file by its hash, wherever it comes from."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.repository import REPOSITORY

REQUIREMENTS = REPOSITORY / "requirements"
DEVELOPMENT, TOOLS = REQUIREMENTS / "development.txt", REQUIREMENTS / "tools.txt"
HASHES = re.compile(r"(--hash=sha256:[0-9a-f]{64} ?)+")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@cache
def lines_of(lock: Path) -> list[tuple[Requirement, str]]:
    """Return what a lock file pins, and the hashes of each."""
    text = re.sub(r"^ *#.*\n", "", lock.read_text(), flags=re.MULTILINE)
    lines = re.sub(r" *\\\n *", " ", text).splitlines()
    split = [line.partition(" --") for line in lines]
    return [(Requirement(pinned), mark.strip() + rest) for pinned, mark, rest in split]


def asked_for() -> list[Requirement]:
    pyproject = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    project = pyproject["project"]
    extras = [each for some in project["optional-dependencies"].values() for each in some]
    wanted = [*pyproject["build-system"]["requires"], *project["dependencies"], *extras]
    return [Requirement(each) for each in wanted]


def tools_asked_for() -> list[Requirement]:
    lines = (REQUIREMENTS / "tools.in").read_text().splitlines()
    wanted = [line.partition("#")[0].strip() for line in lines]
    return [Requirement(each) for each in wanted if each]


WANTED = [
    *((DEVELOPMENT, each) for each in asked_for()),
    *((TOOLS, each) for each in tools_asked_for()),
]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("lock", "wanted"), WANTED, ids=str)
def test_what_is_asked_for_is_pinned_once_for_each_interpreter_within_its_bound(
    lock: Path, wanted: Requirement, python: str
) -> None:
    here = {"python_version": python, "python_full_version": f"{python}.0"}
    [version] = [
        specifier.version
        for each, _ in lines_of(lock)
        if canonicalize_name(each.name) == canonicalize_name(wanted.name)
        if each.marker is None or each.marker.evaluate(here)
        for specifier in each.specifier
    ]
    assert wanted.specifier.contains(Version(version))


@pytest.mark.parametrize("lock", [DEVELOPMENT, TOOLS], ids=lambda each: each.name)
def test_every_line_is_one_version_and_the_hashes_of_its_files(lock: Path) -> None:
    lines = lines_of(lock)
    assert lines
    for pinned, hashes in lines:
        assert [each.operator for each in pinned.specifier] == ["=="], pinned
        assert pinned.url is None
        assert HASHES.fullmatch(hashes), pinned
    assert "://" not in lock.read_text()
