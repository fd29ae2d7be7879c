"""The packages under test are this checkout's, not installed copies of some other version."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.repository import REPOSITORY

SOURCE_ROOTS = {
    "lockstep": "harness",
    "lockstep_parallel": "parallel",
    "lockstep_reference": "reference",
    "lockstep_ledger": "ledger",
    "lockstep_mutants": "mutants",
}


@pytest.mark.parametrize("name", list(SOURCE_ROOTS))
def test_an_imported_package_lies_in_this_checkout(name: str) -> None:
    package = importlib.import_module(name)
    assert package.__file__ is not None
    expected = REPOSITORY / SOURCE_ROOTS[name] / name / "__init__.py"
    assert Path(package.__file__).resolve() == expected
