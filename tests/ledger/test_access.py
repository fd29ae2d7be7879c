"""The three access modes: one answer, one storage, and what each keeps in its caches."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lockstep_ledger.model import NATIVE, Account, Chain, Multisig, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.access import (
    ACCESS_MODES,
    CALLBACKS,
    CLONED,
    SHARED,
    Access,
    UnknownAccessError,
    open_access,
)
from lockstep_ledger.storage.callbacks import CallbackReader, Loads
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import ClosedError, Reader
from lockstep_ledger.storage.rocksdb import Database, RocksStorage

ALICE, BOB, NEW = (bytes([n]) * 32 for n in range(1, 4))
STATE = State(
    Chain(height=7, burned=50),
    {
        ALICE: Account(3, {NATIVE: 1000}, Multisig(1, (BOB,))),
        BOB: Account(energy=5),
    },
)
BLOCK = Changes(
    modified_nonces={ALICE: 4},
    modified_balances={(ALICE, NATIVE): 990, (NEW, NATIVE): 10},
    modified_multisigs={ALICE: None},
    modified_energies={BOB: 4},
    created=frozenset({NEW}),
    burned=1,
    height=1,
)
BOBS = Changes(modified_nonces={BOB: 1})
WRITTEN = {b"n" + ALICE, b"b" + ALICE + NATIVE, b"b" + NEW + NATIVE, b"m" + ALICE, b"e" + BOB}
WRITTEN |= {b"a" + NEW, b"x"}

each_mode = pytest.mark.parametrize("mode", ACCESS_MODES)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "database") as database:
        yield database


@pytest.fixture
def rocks(database: Database) -> RocksStorage:
    return database.new_namespace(STATE)


@pytest.fixture(params=["memory", "rocksdb"])
def storage(request: pytest.FixtureRequest) -> MemoryStorage | RocksStorage:
    if request.param == "memory":
        return MemoryStorage(STATE)
    rocks: RocksStorage = request.getfixturevalue("rocks")
    return rocks


def everything(reader: Reader) -> list[object]:
    """Ask every question about every account."""
    return [
        reader.chain(),
        *(
            (
                reader.exists(address),
                reader.nonce(address),
                reader.balance(address, NATIVE),
                reader.multisig(address),
                reader.energy(address),
            )
            for address in (ALICE, BOB, NEW)
        ),
    ]


def cache_behind(access: Access, rocks: RocksStorage) -> dict[bytes, object]:
    """Return what the handle that ``access`` reads from holds in its cache."""
    handle = access.reader if isinstance(access.reader, RocksStorage) else rocks
    return dict(handle._cache._entries)


def refuse(operation: str) -> None:
    raise OSError(operation)


def test_there_are_three_modes() -> None:
    assert tuple(ACCESS_MODES) == (SHARED, CALLBACKS, CLONED)


def test_an_unknown_mode_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownAccessError) as caught:
        open_access("stolen", MemoryStorage(STATE))
    assert str(caught.value) == (
        "unknown access mode 'stolen': known are shared, callbacks, cloned"
    )


@each_mode
def test_a_reader_answers_what_the_storage_answers_after_every_change(
    mode: str, storage: MemoryStorage | RocksStorage
) -> None:
    access = open_access(mode, storage)
    before = everything(access.reader)
    assert before == everything(storage)
    access.storage.merge(BLOCK, 1)
    after = everything(access.reader)
    assert after == everything(storage.at(1))
    assert after != before
    storage.merge(Changes(modified_nonces={BOB: 9}), 2)
    assert access.reader.nonce(BOB) == 9
    access.storage.rewind(1)
    assert everything(access.reader) == after
    storage.rewind(0)
    assert everything(access.reader) == before
    assert (access.storage.topoheight, access.storage.export()) == (0, STATE)


@each_mode
def test_a_merge_and_a_rewind_that_fail_change_nothing_that_is_read(
    mode: str, storage: MemoryStorage | RocksStorage
) -> None:
    access = open_access(mode, storage)
    for topoheight in (0, 1):
        warm = everything(access.reader)
        storage.before_write = refuse
        with pytest.raises(OSError, match="merge"):
            access.storage.merge(Changes(modified_nonces={BOB: 1}), topoheight + 1)
        if topoheight:
            with pytest.raises(OSError, match="rewind"):
                access.storage.rewind(0)
        assert everything(access.reader) == warm == everything(storage.at(topoheight))
        storage.before_write = None
        if not topoheight:
            access.storage.merge(BLOCK, 1)


@each_mode
def test_an_older_topoheight_is_read_through_what_merges(
    mode: str, storage: MemoryStorage | RocksStorage
) -> None:
    access = open_access(mode, storage)
    before = everything(access.reader)
    access.storage.merge(BLOCK, 1)
    assert everything(access.storage.at(0)) == before
    assert everything(access.storage.clone()) == everything(access.reader)


def test_modes_side_by_side_never_leave_each_other_with_an_old_value(rocks: RocksStorage) -> None:
    accesses = [open_access(mode, rocks) for mode in ACCESS_MODES]
    accesses += [Access(handle, handle) for handle in (rocks.clone(), rocks.clone())]
    for topoheight, merging in enumerate(accesses, start=1):
        for each in accesses:
            everything(each.reader)
        changes = Changes(modified_nonces={ALICE: 10 + topoheight}, modified_energies={BOB: 0})
        merging.storage.merge(changes, topoheight)
        assert {each.reader.nonce(ALICE) for each in accesses} == {10 + topoheight}
    for topoheight, rewinding in reversed(list(enumerate(accesses))):
        for each in accesses:
            everything(each.reader)
        rewinding.storage.rewind(topoheight)
        expected = 10 + topoheight if topoheight else 3
        assert {each.reader.nonce(ALICE) for each in accesses} == {expected}


# What a commit does to warm caches.


@pytest.mark.parametrize("mode", [SHARED, CALLBACKS])
def test_the_owners_cache_is_renewed_by_a_merge_and_loses_by_a_rewind_what_they_wrote(
    mode: str, rocks: RocksStorage
) -> None:
    access = open_access(mode, rocks)
    everything(access.reader)
    held = cache_behind(access, rocks)
    access.storage.merge(BLOCK, 1)
    renewed = cache_behind(access, rocks)
    assert {key for key in renewed if renewed[key] != held[key]} == WRITTEN
    assert renewed.keys() == held.keys()
    access.storage.rewind(0)
    left = cache_behind(access, rocks)
    assert renewed.keys() - left.keys() == WRITTEN
    assert all(left[key] == held[key] for key in left)


def test_a_clone_loses_its_whole_cache_by_a_commit_of_another_handle(rocks: RocksStorage) -> None:
    access = open_access(CLONED, rocks)
    commits: tuple[Callable[[], None], ...] = (
        lambda: access.storage.merge(BLOCK, 1),
        lambda: access.storage.rewind(0),
    )
    for commit in commits:
        everything(access.reader)
        commit()
        access.reader.nonce(ALICE)
        assert cache_behind(access, rocks).keys() == {b"n" + ALICE}


@each_mode
def test_a_failed_commit_takes_nothing_out_of_a_cache(mode: str, rocks: RocksStorage) -> None:
    access = open_access(mode, rocks)
    access.storage.merge(BLOCK, 1)
    everything(access.reader)
    held = cache_behind(access, rocks)
    rocks.before_write = refuse
    commits: tuple[Callable[[], None], ...] = (
        lambda: access.storage.merge(BOBS, 2),
        lambda: access.storage.rewind(0),
    )
    for commit in commits:
        with pytest.raises(OSError, match=r"merge|rewind"):
            commit()
        access.reader.nonce(ALICE)
        assert cache_behind(access, rocks) == held


def test_a_clone_has_a_cache_of_its_own_and_callbacks_have_the_owners(rocks: RocksStorage) -> None:
    everything(rocks)
    assert cache_behind(open_access(CLONED, rocks), rocks) == {}
    open_access(CALLBACKS, rocks).reader.nonce(NEW)
    assert b"n" + NEW in rocks._cache._entries


# What each mode's reader can do besides.


def test_callbacks_hold_no_storage_and_offer_the_read_protocol_alone() -> None:
    access = open_access(CALLBACKS, MemoryStorage(STATE))
    names = {name for name, _ in inspect.getmembers(access.reader) if not name.startswith("_")}
    assert names == {"chain", "exists", "nonce", "balance", "multisig", "energy", "fetch"}
    assert CallbackReader.__slots__ == ("_loads",)


def test_callbacks_may_be_any_functions() -> None:
    asked: list[bytes] = []

    def nonce(address: bytes) -> int:
        asked.append(address)
        return 7

    loads = Loads.of(MemoryStorage(STATE))
    reader = CallbackReader(
        Loads(
            loads.chain,
            loads.exists,
            nonce,
            loads.balance,
            loads.multisig,
            loads.energy,
            loads.fetch,
        )
    )
    assert (reader.nonce(BOB), reader.energy(BOB)) == (7, 5)
    assert asked == [BOB]


@each_mode
def test_a_reader_used_after_close_is_a_named_error(mode: str, tmp_path: Path) -> None:
    database = Database(tmp_path / "database")
    access = open_access(mode, database.new_namespace(STATE))
    snapshot = access.storage.at(0)
    everything(access.reader)
    database.close()
    uses: list[Callable[[], object]] = [
        lambda: access.reader.nonce(ALICE),
        lambda: access.storage.merge(BLOCK, 1),
        lambda: snapshot.nonce(ALICE),
        lambda: access.storage.clone(),
    ]
    for use in uses:
        with pytest.raises(ClosedError, match="the database is closed"):
            use()
    with Database(tmp_path / "database") as again:
        assert again.namespace(1).export() == STATE
