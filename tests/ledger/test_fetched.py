"""Many values read at once are those that are read one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep_ledger.model import NATIVE, Account, Chain, Multisig, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.access import ACCESS_MODES, open_access
from lockstep_ledger.storage.fetched import Fetched, FetchedReader, Wanted
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import ClosedError, Reader
from lockstep_ledger.storage.rocksdb import Database, RocksStorage

ALICE, BOB, CAROL, NOBODY, GOLD = (bytes([n]) * 32 for n in range(1, 6))
ACCOUNTS = (ALICE, BOB, CAROL, NOBODY)
STATE = State(
    Chain(burned=7),
    {
        ALICE: Account(3, {NATIVE: 1000, GOLD: 5}, Multisig(1, (BOB,)), 2),
        BOB: Account(),
    },
)
BLOCK = Changes(
    modified_nonces={ALICE: 4},
    modified_balances={(CAROL, NATIVE): 9},
    modified_multisigs={ALICE: None},
    created=frozenset({CAROL}),
    burned=1,
    height=1,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RocksStorage]:
    with Database(tmp_path / "database") as database:
        yield database.new_namespace(STATE)


def everything() -> Wanted:
    wanted = Wanted()
    for account in ACCOUNTS:
        wanted.spender(account, NATIVE)
        wanted.receiver(account, GOLD)
        wanted.energies[account] = None
    return wanted


def one_by_one(reader: Reader) -> list[object]:
    return [
        reader.chain(),
        *(
            (
                reader.exists(each),
                reader.nonce(each),
                reader.balance(each, NATIVE),
                reader.balance(each, GOLD),
                reader.multisig(each),
                reader.energy(each),
            )
            for each in ACCOUNTS
        ),
    ]


def fetched_reader(reader: Reader) -> FetchedReader:
    fetched = reader.fetch(everything)
    assert fetched is not None
    return FetchedReader(Raising(), fetched)


class Raising(MemoryStorage):
    """Nothing is asked of it."""

    def __init__(self) -> None:
        super().__init__(State(Chain(), {}))

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(f"{name} was asked of the storage")


@pytest.mark.parametrize("mode", ACCESS_MODES)
def test_what_is_fetched_is_what_is_read_before_and_after_a_merge_and_a_rewind(
    mode: str, store: RocksStorage
) -> None:
    access = open_access(mode, store)
    assert one_by_one(fetched_reader(access.reader)) == one_by_one(access.reader)
    before = one_by_one(access.reader)
    access.storage.merge(BLOCK, 1)
    assert one_by_one(fetched_reader(access.reader)) == one_by_one(access.reader) != before
    access.storage.rewind(0)
    assert one_by_one(fetched_reader(access.reader)) == before


def test_a_fetch_stays_at_its_moment(store: RocksStorage) -> None:
    before = one_by_one(store)
    reader = fetched_reader(store)
    store.merge(BLOCK, 1)
    assert one_by_one(reader) == before


def test_what_was_not_fetched_is_asked_for(store: RocksStorage) -> None:
    fetched = store.fetch(Wanted)
    assert fetched == Fetched(STATE.chain, {}, {}, {}, {}, {})
    assert one_by_one(FetchedReader(store, fetched)) == one_by_one(store)


def test_a_fetch_fills_the_cache(store: RocksStorage) -> None:
    handle = store.clone()
    handle.fetch(everything)
    held = len(handle._cache)
    assert one_by_one(handle) == one_by_one(store)
    assert len(handle._cache) == held > 0


def test_memory_has_nothing_to_gain() -> None:
    assert MemoryStorage(STATE).fetch(everything) is None


def test_a_fetch_after_close_is_a_named_error(tmp_path: Path) -> None:
    with Database(tmp_path / "database") as database:
        store = database.new_namespace(STATE)
    with pytest.raises(ClosedError, match="the database is closed"):
        store.fetch(everything)
