"""tests/README.md is the map of the tests, and the tests mirror the rooms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import REPOSITORY
from tests.test_architecture import ROOMS, SOURCE_ROOTS

TESTS = REPOSITORY / "tests"
MAP = (TESTS / "README.md").read_text(encoding="utf-8")
ELSEWHERE = dict(re.findall(r"^\| `(\w+)/` \| (.+) \|$", MAP, re.MULTILINE))
"""Rooms without a folder of tests of their own, and where they are tested."""


OURS = re.compile(r"^from (tests\.[\w.]+) import ", re.MULTILINE)


def folders(top: Path) -> Iterator[Path]:
    """Give the folders below ``top`` that hold tests."""
    for folder in sorted(top.rglob("*/")):
        if any(folder.rglob("test_*.py")):
            yield folder


def named_in(text: str) -> list[str]:
    return re.findall(r"`(tests/[\w/.-]+)`", text)


def test_the_map_names_every_folder_of_tests() -> None:
    top = [each for each in folders(TESTS) if each.parent == TESTS]
    assert top
    for folder in top:
        assert f"| `tests/{folder.name}/` |" in MAP, folder


@pytest.mark.parametrize("package", list(SOURCE_ROOTS))
def test_the_folders_of_tests_are_those_of_the_package(package: str) -> None:
    tests = TESTS / SOURCE_ROOTS[package]
    source = REPOSITORY / SOURCE_ROOTS[package] / package
    for folder in folders(tests):
        assert (source / folder.relative_to(tests)).is_dir(), folder


@pytest.mark.parametrize("package", list(ROOMS))
def test_every_room_has_its_tests_or_is_named_as_tested_elsewhere(package: str) -> None:
    root = SOURCE_ROOTS[package]
    tested = {each.name for each in folders(TESTS / root)}
    rooms = {name for floor in ROOMS[package] for name in floor}
    rooms = {name for name in rooms if (REPOSITORY / root / package / name).is_dir()}
    assert rooms - tested == ELSEWHERE.keys() & rooms


def test_where_a_room_is_tested_elsewhere_there_are_tests() -> None:
    for room, where in ELSEWHERE.items():
        paths = named_in(where)
        assert paths, room
        assert all(any((REPOSITORY / path).rglob("test_*.py")) for path in paths), room


def test_the_map_names_every_file_that_tests_of_several_folders_share() -> None:
    files = {each.relative_to(REPOSITORY).as_posix(): each.parent for each in TESTS.rglob("*.py")}
    users: dict[str, set[Path]] = {}
    for file, folder in files.items():
        for module in OURS.findall((REPOSITORY / file).read_text(encoding="utf-8")):
            users.setdefault(module.replace(".", "/") + ".py", set()).add(folder)
    shared = {file for file, by in users.items() if len(by) > 1 and "test_" not in file}
    assert len(shared) > 3
    assert shared <= set(named_in(MAP))
