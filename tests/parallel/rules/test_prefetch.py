"""What a block reads is read before its transactions run: workers never hold the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lockstep.targets.named import BUILT_IN
from lockstep_ledger.block import Block, Rewards
from lockstep_ledger.model import Burn, Multisig, NonceBump, Policy, State
from lockstep_ledger.outcome import Code
from lockstep_ledger.storage.fetched import Fetched, Wanted
from lockstep_ledger.storage.protocol import StorageError
from lockstep_ledger.storage.rocksdb import Database, RocksStorage
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.prefetch import prefetched
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from tests.parallel.world import (
    FEE,
    GOLD,
    SCHEME,
    A,
    B,
    C,
    D,
    M,
    account,
    burn,
    pay,
    reader,
    seal_signed,
    set_multisig,
    to,
)

STATE = reader(
    {
        A: account(10 * FEE, gold=9, energy=3),
        B: account(10 * FEE, multisig=Multisig(1, (C,))),
        C: account(FEE - 1),
    }
).state
EVERY_KIND = Block(
    (
        pay(A, to(D, 5), to(C, 2, GOLD)),
        burn(A, 1, nonce=1),
        burn(A, 1, GOLD, nonce=2),
        seal_signed(A, NonceBump(), 3, fee=0, fee_type=1),
        seal_signed(B, Burn(GOLD, 1), cosigners=[(0, C)]),
        set_multisig(A, 1, D, nonce=4),
        pay(C, to(A, 1)),
        pay(D, to(A, 1)),
        seal_signed(B, NonceBump(), 0, cosigners=[(0, C)]),
    ),
    Policy.SKIP,
    Rewards(M, 1, D, 2),
    fees_to=M,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RocksStorage]:
    with Database(tmp_path / "database") as database:
        yield database.new_namespace(STATE)


class FetchOnly:
    """Storage that gives many values at once and refuses to give an account's alone."""

    def __init__(self, storage: RocksStorage) -> None:
        self.fetch = storage.fetch
        self.chain = storage.chain

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was read by itself")


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"canary", "race-canary"}))
def test_no_value_is_read_by_itself(name: str, store: RocksStorage) -> None:
    expected = Batched(SCHEME).execute(EVERY_KIND, store, Scheduled())
    assert [each.code for each in expected.receipts].count(Code.SUCCESS) == 6
    executor = BUILT_IN[name](SCHEME, workers=2)
    assert executor.execute(EVERY_KIND, FetchOnly(store), Scheduled()) == expected


class Unfetchable:
    """Storage whose many values cannot be read at once."""

    def __init__(self, state: State) -> None:
        self.below = reader(state.accounts)

    def fetch(self, wanted: Callable[[], Wanted]) -> Fetched:
        raise StorageError("the disk is gone")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.below, name)


def test_where_many_cannot_be_read_each_transaction_reads_for_itself() -> None:
    storage = Unfetchable(STATE)
    assert prefetched(EVERY_KIND, storage) is storage
    outcome = Batched(SCHEME).execute(EVERY_KIND, storage, Scheduled())
    assert outcome == Batched(SCHEME).execute(EVERY_KIND, reader(STATE.accounts), Scheduled())
