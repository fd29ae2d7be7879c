"""After a crash, at whatever point, the store is as it was before the operation or after it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from lockstep_ledger.model import State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.protocol import ClosedError, DatabaseLockedError, StorageError
from lockstep_ledger.storage.rocksdb import Database, RocksStorage
from tests.ledger.crashing import (
    ACCOUNTS,
    ALICE,
    FIRST,
    OPERATIONS,
    POINTS_AFTER,
    POINTS_BEFORE,
    SECOND,
    STATE,
    prepare,
)
from tests.repository import REPOSITORY

ROOT = REPOSITORY
PATIENCE = 60
CHILD = (sys.executable, "-m", "tests.ledger.crashing")

Found: TypeAlias = dict[int, tuple[int, State]]
"""What a database holds: the topoheight and the state of each namespace by its number."""


def found_in(path: Path) -> Found:
    with Database(path) as database:
        stores = {}
        for number in (1, 2):
            try:
                store = database.namespace(number)
            except StorageError:
                continue
            stores[number] = store.topoheight, store.export()
        return stores


def expected_after(operation: str, path: Path) -> Found:
    """Do the operation on a fresh database without a crash and say what is there then."""
    with Database(path) as database:
        store = database.new_namespace(STATE)
        store.merge(FIRST, 1)
        before = 1, store.export()
    if operation == "nothing":
        return {1: before}
    if operation == "create":
        return {1: before, 2: (0, STATE)}
    if operation == "drop":
        return {}
    with Database(path) as database:
        store = database.namespace(1)
        if operation == "rewind":
            store.rewind(0)
        else:
            store.merge(SECOND, 2)
        return {1: (store.topoheight, store.export())}


def killed(path: Path, operation: str, point: str) -> Found:
    """Let a process die at ``point`` of ``operation`` and say what it left."""
    prepare(path)
    command = [*CHILD, "kill", str(path), operation, point]
    done = subprocess.run(  # noqa: S603 - our own module
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return found_in(path)


@pytest.mark.parametrize(
    ("operation", "point"),
    [
        (operation, point)
        for operation in OPERATIONS
        for point in POINTS_BEFORE
        if (operation, point) != ("create", "before_write")  # a new store has no hook yet
    ],
)
def test_a_process_killed_before_the_batch_leaves_everything_as_it_was(
    operation: str, point: str, tmp_path: Path
) -> None:
    found = killed(tmp_path / "killed", operation, point)
    assert found == expected_after("nothing", tmp_path / "calm")


@pytest.mark.parametrize("point", POINTS_AFTER)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_process_killed_after_the_batch_leaves_everything_done(
    operation: str, point: str, tmp_path: Path
) -> None:
    found = killed(tmp_path / "killed", operation, point)
    assert found == expected_after(operation, tmp_path / "calm")


def test_what_is_left_after_a_crash_can_be_rewound_and_merged_again(tmp_path: Path) -> None:
    killed(tmp_path / "killed", "merge", "after the batch")
    with Database(tmp_path / "killed") as database:
        store = database.namespace(1)
        store.rewind(0)
        assert store.export() == STATE
        store.merge(FIRST, 1)
        store.merge(SECOND, 2)
    assert found_in(tmp_path / "killed") == expected_after("merge", tmp_path / "calm")


def test_a_merge_of_two_batches_would_be_caught(tmp_path: Path) -> None:
    found = killed(tmp_path / "killed", "merge", "torn")
    assert found != expected_after("nothing", tmp_path / "before")
    assert found != expected_after("merge", tmp_path / "after")


# A power failure inside the write: the log ends in the middle of the batch.


def copied(path: Path, target: Path, length: int) -> Path:
    """Copy an open database, its log cut off at ``length``."""
    shutil.copytree(path, target)
    (log,) = target.glob("*.log")
    with log.open("rb+") as stream:
        stream.truncate(length)
    return target


def test_a_log_cut_off_anywhere_in_the_batch_gives_the_state_before_the_block(
    tmp_path: Path,
) -> None:
    path = tmp_path / "database"
    prepare(path)
    with Database(path) as database:
        store = database.namespace(1)
        before = store.topoheight, store.export()
        (log,) = path.glob("*.log")
        start = log.stat().st_size
        store.merge(SECOND, 2)
        after, stop = (store.topoheight, store.export()), log.stat().st_size
        assert stop - start > 1000
        cuts = sorted({*range(start, stop, (stop - start) // 40), start + 1, stop - 1})
        for cut in cuts:
            assert found_in(copied(path, tmp_path / f"cut {cut}", cut)) == {1: before}
        assert found_in(copied(path, tmp_path / "whole", stop)) == {1: after}


@pytest.mark.parametrize("merges", [1, 7, 30])
def test_a_process_killed_while_it_merges_leaves_whole_blocks_and_all_it_reported(
    merges: int, tmp_path: Path
) -> None:
    command = [*CHILD, "merge", str(tmp_path / "database")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - our own module
        assert child.stdout is not None
        reported = [int(child.stdout.readline()) for _ in range(merges)]
        child.kill()
    assert child.returncode == -signal.SIGKILL
    with Database(tmp_path / "database") as database:
        store = database.namespace(1)
        assert store.topoheight >= reported[-1] == merges
        assert {store.nonce(each) for each in ACCOUNTS} == {store.topoheight}
        assert store.at(merges).nonce(ALICE) == merges
        store.rewind(0)
        assert store.export() == STATE


# Errors of the disk.


def in_own_mount_namespace() -> list[str]:
    """Return what runs a command that may mount; skip where the system does not allow it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("there is no unshare: no file system of its own for a full disk")
    prefix = [unshare, "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    probe = [*prefix, "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]
    tried = subprocess.run(probe, capture_output=True, text=True, check=False)  # noqa: S603 - unshare
    if tried.returncode:
        pytest.skip(f"a tmpfs cannot be mounted: {tried.stderr.strip()}")
    return prefix


def test_a_full_disk_refuses_the_block_whole_and_names_itself(tmp_path: Path) -> None:
    command = [*in_own_mount_namespace(), *CHILD, "fill", str(tmp_path)]
    done = subprocess.run(  # noqa: S603 - our own module
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    refused, *closing = done.stdout.splitlines()
    assert refused.startswith(f"{tmp_path}/database: cannot write: IO error: No space left")
    assert all(line.startswith(f"{tmp_path}/database: cannot close: ") for line in closing)


@pytest.mark.parametrize("operation", ["merge", "rewind", "drop"])
def test_an_error_before_the_write_is_the_callers_and_changes_nothing_on_disk(
    operation: str, tmp_path: Path
) -> None:
    prepare(tmp_path / "database")
    with Database(tmp_path / "database") as database:
        store = database.namespace(1)

        def refuse(name: str) -> None:
            raise OSError(f"no room to {name}")

        store.before_write = refuse
        operations: dict[str, Callable[[], None]] = {
            "merge": lambda: store.merge(SECOND, 2),
            "rewind": lambda: store.rewind(0),
            "drop": store.drop,
        }
        with pytest.raises(OSError, match=f"no room to {operation}"):
            operations[operation]()
    assert found_in(tmp_path / "database") == expected_after("nothing", tmp_path / "calm")


# Wrong use.


def opened(path: Path) -> tuple[Database, RocksStorage]:
    prepare(path)
    database = Database(path)
    return database, database.namespace(1)


def test_a_storage_opened_twice_is_a_named_error_and_the_first_goes_on(tmp_path: Path) -> None:
    database, store = opened(tmp_path / "database")
    with database:
        with pytest.raises(DatabaseLockedError, match="locked: this process has it open already"):
            Database(tmp_path / "database")
        store.merge(SECOND, 2)
    assert found_in(tmp_path / "database") == expected_after("merge", tmp_path / "calm")


def test_a_handle_or_snapshot_used_after_close_is_a_named_error_that_changes_nothing(
    tmp_path: Path,
) -> None:
    database, store = opened(tmp_path / "database")
    snapshot, clone = store.at(0), store.clone()
    assert (snapshot.nonce(ALICE), clone.nonce(ALICE)) == (3, 4)
    database.close()
    uses: tuple[Callable[[], object], ...] = (
        lambda: store.nonce(ALICE),
        lambda: clone.nonce(ALICE),
        lambda: snapshot.nonce(ALICE),
        lambda: store.merge(SECOND, 2),
        lambda: store.rewind(0),
        lambda: database.new_namespace(STATE),
        store.export,
    )
    for use in uses:
        with pytest.raises(ClosedError, match="closed"):
            use()
    assert found_in(tmp_path / "database") == expected_after("nothing", tmp_path / "calm")


def test_a_dropped_store_is_a_named_error_too(tmp_path: Path) -> None:
    database, store = opened(tmp_path / "database")
    with database:
        clone = store.clone()
        store.drop()
        for handle in (store, clone):
            with pytest.raises(ClosedError, match="namespace 1: it was dropped"):
                handle.merge(Changes(), 9)
