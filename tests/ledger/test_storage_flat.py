"""However many stores came and went, the database holds no more memory, descriptors and files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ledger.churning import DESCRIPTORS
from tests.repository import REPOSITORY

PATIENCE = 300
BOUNDS = {
    "descriptors": DESCRIPTORS,
    "files": 22,
    "bytes": 1_500_000,
    "manifest": 3 * 8 * 2**10,
}
GROWTH = 1.05
"""How much more memory there may be at the end than when a quarter of the stores had gone."""


def grown(path: Path, stores: int, *fault: str) -> set[str]:
    """Return what a process that makes and drops ``stores`` does not hold within its bounds."""
    command = [sys.executable, "-m", "tests.ledger.churning", str(path), str(stores), *fault]
    done = subprocess.run(  # noqa: S603 - our own module
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    samples = json.loads(done.stdout)
    assert len(samples) > 30
    found = {what for what, bound in BOUNDS.items() if max(each[what] for each in samples) > bound}
    memory = [each["memory"] for each in samples]
    if memory[-1] > GROWTH * memory[len(memory) // 4]:
        found.add("memory")
    return found


def test_thousands_of_stores_leave_nothing_behind_under_a_low_limit(tmp_path: Path) -> None:
    assert grown(tmp_path / "database", 8_000) == set()
    tables = sorted(int(each.stem) for each in (tmp_path / "database").glob("*.sst"))
    assert tables[-1] > 300, "too little was written to tell"


@pytest.mark.parametrize(
    ("fault", "stores", "found"),
    [
        ("tables", 24_000, "files"),
        ("text", 8_000, "bytes"),
        ("manifest", 8_000, "manifest"),
        ("memory", 8_000, "memory"),
    ],
)
def test_what_piles_up_is_noticed(fault: str, stores: int, found: str, tmp_path: Path) -> None:
    assert found in grown(tmp_path / "database", stores, fault)
