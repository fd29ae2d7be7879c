"""Whatever the disk does, a store is as it was before a step or after it, and opens again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockstep_ledger.storage.protocol import StorageError
from tests.ledger.breaking import Came
from tests.ledger.disk import Disk, Files, Kind, Operation, build, lay, operations, under
from tests.ledger.scenario import STEPS, Found, expected, found_in, lower_the_limits
from tests.repository import REPOSITORY

PATIENCE = 300
CHILD = (sys.executable, "-m", "tests.ledger.breaking")
DONE = len(STEPS) + 1
SWEEPS = 8
"""How often all writes are gone through at most: a step of one write can slip between two lives,
since the database puts its tables together whenever it likes."""
STATES = expected()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("library"))


@pytest.fixture(autouse=True)
def _low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockstep_ledger.storage.opening.WRITE_BUFFER", 0)
    monkeypatch.setattr("lockstep_ledger.storage.opening.RUNS", ())
    lower_the_limits()


def child(environment: dict[str, str], *arguments: str) -> list[str]:
    done = subprocess.run(  # noqa: S603 - our own module
        [*CHILD, *arguments],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


# Reads and writes that fail, and the end of the process in the middle of one.


def broken(library: Path, root: Path, *arguments: str) -> list[Came]:
    """Return what came of every break that was tried."""
    lines = child(under(library, root), "break", str(root / "database"), *arguments)
    return [Came(**json.loads(line)) for line in lines]


@pytest.mark.parametrize("manner", ["once", "for good"])
@pytest.mark.parametrize("side", ["reads", "writes"])
def test_an_operation_that_fails_is_refused_in_one_line_and_changes_nothing_else(
    side: str, manner: str, library: Path, tmp_path: Path
) -> None:
    tried = broken(library, tmp_path, side, manner, "7")
    assert len(tried) == 7
    for came in tried:
        assert (came.end, came.unopened) == (0, ""), came
        assert came.right, came
        assert came.refused or came.done == DONE, came
        assert not any("\n" in line for line in came.refused), came


def test_a_process_that_ends_in_the_middle_of_any_write_leaves_whole_steps(
    library: Path, tmp_path: Path
) -> None:
    every_step = {*range(-1, DONE)}
    tried: list[Came] = []
    for _ in range(SWEEPS):
        tried += broken(library, tmp_path, "writes", "kills", "1000")
        if {came.done for came in tried} >= every_step:
            break
    assert sum(came.end == -9 for came in tried) > 150
    for came in tried:
        # A life whose tables were put together at other moments has fewer writes.
        assert came.end == -9 or came.met < came.number, came
        assert came.unopened == "", came
        assert came.right, came
    assert sum(came.done <= 0 for came in tried) >= 40, "too few while the database is made"
    assert {came.done for came in tried} >= every_step


@pytest.mark.parametrize("fault", ["the making is not marked", "a merge is two batches"])
def test_a_store_that_does_not_stand_it_is_found(fault: str, library: Path, tmp_path: Path) -> None:
    tried = broken(library, tmp_path, "writes", "kills", "30", fault)
    assert not all(came.right for came in tried)


@pytest.mark.parametrize("megabytes", [4, 8, 24])
def test_a_process_that_runs_out_of_memory_leaves_whole_steps(
    megabytes: int, tmp_path: Path, library: Path
) -> None:
    (line,) = child(under(library, tmp_path), "starve", str(tmp_path / "database"), str(megabytes))
    came = Came(**json.loads(line))
    assert came.right, came
    assert came.done < DONE


# The end of the machine.


@pytest.fixture(scope="module")
def recordings(
    library: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Operation]]:
    """Return what a process did to its files, without a fault and with each."""
    recorded = {}
    for fault in ("", "sync is ignored", "names are not synced"):
        directory = tmp_path_factory.mktemp("recorded")
        root, journal = directory / "root", directory / "journal"
        root.mkdir()
        arguments = ["record", str(root / "database"), *([fault] if fault else [])]
        child(under(library, root, journal), *arguments)
        recorded[fault] = list(operations(journal, root))
    return recorded


class Laboratory:
    """Lays files and opens them, the same ones once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[Any, Found | str] = {}

    def found(self, files: Files) -> Found | str:
        """Return what the database in ``files`` holds, or why it does not open."""
        key = frozenset(files.items())
        if key not in self._known:
            laid = lay(files, self._directory / "laid")
            try:
                self._known[key] = found_in(laid / "database")
            except StorageError as error:
                self._known[key] = str(error)
            shutil.rmtree(laid)
        return self._known[key]


def cuts(recording: list[Operation], every: int) -> Iterator[Disk]:
    """Give the disk after every so many operations, and after every step."""
    disk = Disk()
    for number, operation in enumerate(recording):
        disk.do(operation)
        if number % every == 0 or operation.kind is Kind.NOTE:
            yield disk


KEPT = [(False, False), (True, False), (False, True)]


def lost(recording: list[Operation], tmp_path: Path, names: bool, contents: bool) -> set[int]:
    """Return the steps that were done and are not there after the machine ended."""
    laboratory = Laboratory(tmp_path)
    missing = set()
    for disk in cuts(recording, 9):
        done = disk.notes[-1] if disk.notes else 0
        found = laboratory.found(disk.power_cut(names=names, contents=contents))
        if found not in STATES[done : done + 2]:
            missing.add(done)
    return missing


def test_the_recorded_life_has_flushes_and_compactions(
    recordings: dict[str, list[Operation]],
) -> None:
    recording = recordings[""]
    tables = [each for each in recording if each.name.suffix == ".sst"]
    assert sum(each.kind is Kind.CREATE for each in tables) >= 4
    assert sum(each.kind is Kind.UNLINK for each in tables) >= 2
    assert [each.offset for each in recording if each.kind is Kind.NOTE] == [*range(DONE + 1)]


@pytest.mark.parametrize(("names", "contents"), KEPT)
def test_what_was_done_survives_the_end_of_the_machine(
    names: bool, contents: bool, recordings: dict[str, list[Operation]], tmp_path: Path
) -> None:
    assert lost(recordings[""], tmp_path, names, contents) == set()


@pytest.mark.parametrize(
    ("fault", "steps"), [("sync is ignored", 4), ("names are not synced", DONE)]
)
def test_what_was_not_synced_is_found_missing(
    fault: str, steps: int, recordings: dict[str, list[Operation]], tmp_path: Path
) -> None:
    assert len(lost(recordings[fault], tmp_path, names=False, contents=False)) >= steps


def test_without_sync_the_end_of_the_machine_costs_the_newest_blocks_and_never_one_between(
    recordings: dict[str, list[Operation]], tmp_path: Path
) -> None:
    laboratory = Laboratory(tmp_path)
    for names, contents in KEPT:
        for disk in cuts(recordings["sync is ignored"], 9):
            done = disk.notes[-1] if disk.notes else 0
            found = laboratory.found(disk.power_cut(names=names, contents=contents))
            assert found in STATES[: done + 2]
