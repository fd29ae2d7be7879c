"""A damaged database opens with whole blocks, or says what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from lockstep_ledger.storage import opening
from lockstep_ledger.storage.making import MARKER, WHAT_TO_DO
from lockstep_ledger.storage.protocol import DatabaseLockedError, StorageError
from lockstep_ledger.storage.rocksdb import Database
from tests.ledger.disk import Files, lay
from tests.ledger.scenario import (
    STATE,
    STEPS,
    Found,
    Step,
    expected,
    found_in,
    lower_the_limits,
    skip_corrupt_records,
)
from tests.repository import REPOSITORY

STATES = expected()


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a test does to them."""
    for name in ("WRITE_BUFFER", "RUNS", "options_of_a_database"):
        monkeypatch.setattr(opening, name, getattr(opening, name))


def files_of(path: Path) -> Files:
    return {PurePosixPath(entry.name): entry.read_bytes() for entry in path.iterdir()}


def after(steps: Iterable[Step], path: Path) -> Files:
    """Return the files of a database that is open, so that its newest blocks are in its log."""
    with Database(path) as database:
        store = database.new_namespace(STATE)
        for step in steps:
            step(store)
        return files_of(path)


@pytest.fixture
def whole(tmp_path: Path) -> Files:
    """Return a database of tables and a log."""
    lower_the_limits()
    return after(STEPS, tmp_path / "whole")


@pytest.fixture
def logged(tmp_path: Path) -> Files:
    """Return a database whose blocks are in its log, all of them."""
    return after(STEPS[:4], tmp_path / "logged")


def opened(files: Files, path: Path) -> Found | StorageError:
    try:
        return found_in(lay(files, path))
    except StorageError as error:
        return error


def deleted(names: list[PurePosixPath]) -> Iterator[list[PurePosixPath]]:
    """Give what a deletion leaves, of each file alone and of more and more in two orders."""
    yield from ([name for name in names if name != gone] for gone in names)
    for order in (names, names[::-1]):
        yield from (order[count:] for count in range(2, len(order)))


def test_a_half_deleted_database_holds_whole_blocks_or_says_what_to_do(
    whole: Files, tmp_path: Path
) -> None:
    refused = 0
    for number, left in enumerate(deleted(sorted(whole))):
        found = opened({name: whole[name] for name in left}, tmp_path / f"{number}")
        if isinstance(found, StorageError):
            refused += 1
            assert str(found).startswith(f"{tmp_path / str(number)}: ")
            assert str(found).endswith(WHAT_TO_DO)
            assert "\n" not in str(found)
        else:
            assert found in STATES
    assert refused > 5


def damaged(logged: Files) -> Iterator[Files]:
    """Give the files with one byte of the log turned, at many places."""
    (log,) = (name for name in logged if name.suffix == ".log")
    content = logged[log]
    assert content is not None
    assert len(content) > 80_000
    for place in range(5, len(content), len(content) // 40):
        turned = bytearray(content)
        turned[place] ^= 0x55
        yield {**logged, log: bytes(turned)}


def test_a_damaged_log_gives_whole_blocks_and_none_after_the_damage(
    logged: Files, tmp_path: Path
) -> None:
    for number, files in enumerate(damaged(logged)):
        found = opened(files, tmp_path / f"{number}")
        assert isinstance(found, StorageError) or found in STATES


def test_a_recovery_that_skips_what_it_cannot_read_is_found(logged: Files, tmp_path: Path) -> None:
    skip_corrupt_records()
    found = [opened(files, tmp_path / f"{n}") for n, files in enumerate(damaged(logged))]
    assert any(not isinstance(each, StorageError) and each not in STATES for each in found)


# The marker of a making.


def test_what_an_interrupted_making_left_is_deleted_and_made_again(
    whole: Files, tmp_path: Path
) -> None:
    path = lay(
        {**whole, PurePosixPath(MARKER): b"", PurePosixPath("CURRENT"): b"torn"},
        tmp_path / "database",
    )
    assert found_in(path) is None
    assert not (path / MARKER).exists()
    assert found_in(path) is None


def test_an_interrupted_making_that_holds_a_file_of_somebody_else_is_refused_and_left_alone(
    tmp_path: Path,
) -> None:
    path = lay(
        {PurePosixPath(MARKER): b"", PurePosixPath("thesis.txt"): b"mine"}, tmp_path / "database"
    )
    with pytest.raises(StorageError, match=r"it holds 'thesis.txt', which is of no database"):
        Database(path)
    assert (path / "thesis.txt").read_bytes() == b"mine"


def test_a_database_that_is_being_made_is_locked(tmp_path: Path) -> None:
    path = lay({PurePosixPath(MARKER): b""}, tmp_path / "database")
    program = """
        import fcntl, sys
        marker = open(sys.argv[1])
        fcntl.flock(marker, fcntl.LOCK_EX)
        print("locked", flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", "\n".join(map(str.strip, program.splitlines()))]
    with subprocess.Popen(  # noqa: S603 - the text above
        [*command, str(path / MARKER)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "locked\n"
        with pytest.raises(DatabaseLockedError, match="locked: it is being made right now"):
            Database(path)
        maker.kill()
    assert found_in(path) is None
