"""The shared access mode: its lock keeps reads and merges apart, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from lockstep_ledger.model import NATIVE, Account, Chain, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.lock import LockHeldError, LockTimeoutError, ReadWriteLock
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_ledger.storage.rocksdb import Database, RocksStorage
from lockstep_ledger.storage.shared import SharedStorage

ALICE, BOB = (bytes([n]) * 32 for n in range(1, 3))
STATE = State(Chain(), {ALICE: Account(3, {NATIVE: 1000}), BOB: Account()})
BLOCK = Changes(modified_nonces={ALICE: 4}, height=1)
PATIENCE = 20.0


@pytest.fixture
def rocks(tmp_path: Path) -> Iterator[RocksStorage]:
    with Database(tmp_path / "database") as database:
        yield database.new_namespace(STATE)


@pytest.fixture(params=["memory", "rocksdb"])
def storage(request: pytest.FixtureRequest) -> MemoryStorage | RocksStorage:
    if request.param == "memory":
        return MemoryStorage(STATE)
    rocks: RocksStorage = request.getfixturevalue("rocks")
    return rocks


def test_a_merge_waits_until_a_read_is_over_and_then_shows_to_all_reads() -> None:
    reading, go_on = Event(), Event()

    class Slow(MemoryStorage):
        def nonce(self, address: bytes) -> int:
            before = super().nonce(address)
            reading.set()
            assert go_on.wait(PATIENCE)
            return before

    storage = Slow(STATE)
    shared = SharedStorage(storage)
    with ThreadPoolExecutor(2) as pool:
        read = pool.submit(shared.nonce, ALICE)
        assert reading.wait(PATIENCE)
        merge = pool.submit(shared.merge, BLOCK, 1)
        assert storage.topoheight == 0
        go_on.set()
        merge.result(PATIENCE)
        assert read.result(PATIENCE) == 3
    assert shared.nonce(ALICE) == 4


def test_a_read_that_meets_a_merge_too_long_is_a_named_error_and_the_merge_goes_on() -> None:
    shared = SharedStorage(MemoryStorage(STATE), ReadWriteLock(0.01))
    merging, go_on = Event(), Event()

    def wait(_operation: str) -> None:
        merging.set()
        assert go_on.wait(PATIENCE)

    assert isinstance(shared._storage, MemoryStorage)
    shared._storage.before_write = wait
    with ThreadPoolExecutor(1) as pool:
        merge = pool.submit(shared.merge, BLOCK, 1)
        assert merging.wait(PATIENCE)
        for question in (shared.chain, shared.export, shared.clone):
            with pytest.raises(LockTimeoutError, match="held by a writer"):
                question()
        with pytest.raises(LockTimeoutError):
            shared.rewind(0)
        go_on.set()
        merge.result(PATIENCE)
    assert shared.nonce(ALICE) == 4


def test_a_merge_that_never_gets_the_lock_leaves_the_storage_as_it_was() -> None:
    shared = SharedStorage(MemoryStorage(STATE), ReadWriteLock(0.01))
    with shared.lock.reading, pytest.raises(LockTimeoutError, match="cannot write"):
        shared.merge(BLOCK, 1)
    assert (shared.topoheight, shared.export()) == (0, STATE)


def test_whoever_holds_the_write_lock_across_an_execution_is_told_at_the_first_read() -> None:
    shared = SharedStorage(MemoryStorage(STATE))
    with shared.lock.writing, pytest.raises(LockHeldError):
        shared.nonce(ALICE)


def test_snapshots_and_clones_of_the_shared_storage_are_under_its_lock(
    storage: MemoryStorage | RocksStorage,
) -> None:
    shared = SharedStorage(storage, ReadWriteLock(0.01))
    readers: tuple[Reader, ...] = (shared.at(0), shared.clone())
    with shared.lock.writing:
        for reader in readers:
            with pytest.raises(LockHeldError):
                reader.nonce(ALICE)
    assert [reader.nonce(ALICE) for reader in readers] == [3, 3]


def test_readers_beside_a_merging_thread_never_see_half_a_block_in_one_moment(
    rocks: RocksStorage,
) -> None:
    shared: Storage = SharedStorage(rocks)
    total = 1000
    shared.merge(Changes(modified_balances={(BOB, NATIVE): 0}), 1)

    def move() -> None:
        for paid in range(1, 60):
            balances = {(ALICE, NATIVE): total - paid, (BOB, NATIVE): paid}
            shared.merge(Changes(modified_balances=balances), 1 + paid)
            if paid % 7 == 0:
                shared.rewind(paid)
                shared.merge(Changes(modified_balances=balances), 1 + paid)

    def read() -> bool:
        while not merging.done():
            moment = shared.at(min(shared.topoheight, 1))
            exported = shared.export().accounts
            if exported[ALICE].balance(NATIVE) + exported[BOB].balance(NATIVE) != total:
                return False
            if moment.balance(ALICE, NATIVE) + moment.balance(BOB, NATIVE) != total:
                return False
        return True

    with ThreadPoolExecutor(3) as pool:
        merging = pool.submit(move)
        readers = [pool.submit(read) for _ in range(2)]
        merging.result(PATIENCE)
        assert all(each.result(PATIENCE) for each in readers)
    assert shared.export().accounts[BOB].balance(NATIVE) == 59
