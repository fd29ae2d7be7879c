"""What the package asks for is what its files import, each with a reason and a lowest version."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import REPOSITORY

ROOTS = ("harness", "ledger", "mutants", "parallel", "reference")
TEXT = (REPOSITORY / "pyproject.toml").read_text()
PROJECT = tomllib.loads(TEXT)["project"]


def imported_by(path: Path) -> Iterator[str]:
    """Give the top-level packages that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names):
                yield from (each.name.partition(".")[0] for each in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]


def imported_packages() -> set[str]:
    """Return what the product's files import that is neither ours nor Python's."""
    files = [file for root in ROOTS for file in (REPOSITORY / root).rglob("*.py")]
    assert files
    names = {name for file in files for name in imported_by(file)}
    ours = {package.name for root in ROOTS for package in (REPOSITORY / root).iterdir()}
    assert "lockstep" in ours
    return names - ours - set(sys.stdlib_module_names) - {"_typeshed"}


def name_of(requirement: str) -> str:
    """Return the name under which a required package is imported, which so far is its own."""
    match = re.match(r"[\w-]+", requirement)
    assert match is not None
    return match[0].replace("-", "_")


def test_what_is_imported_is_asked_for_and_what_is_asked_for_is_imported() -> None:
    asked = {name_of(each) for each in PROJECT["dependencies"]}
    assert asked == imported_packages()


def requirements() -> list[str]:
    extras = PROJECT["optional-dependencies"].values()
    return [*PROJECT["dependencies"], *(each for some in extras for each in some)]


@pytest.mark.parametrize("requirement", requirements())
def test_a_dependency_has_a_lowest_version_and_a_reason(requirement: str) -> None:
    assert re.fullmatch(r"[\w-]+>=[\d.]+", requirement)
    assert re.search(rf'^ +"{re.escape(requirement)}", *# \w.*$', TEXT, re.MULTILINE)
