"""Properties that every store has, whatever it keeps its data in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from lockstep_ledger.model import NATIVE, U64_MAX, Account, Chain, Multisig, State
from lockstep_ledger.outcome import NO_CHANGES, Changes
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import StorageError
from lockstep_ledger.storage.rocksdb import Database, RocksStorage

ALICE, BOB, CAROL, NEW = (bytes([n]) * 32 for n in range(1, 5))
GOLD = b"\xaa" * 32
ONE_OF_BOB = Multisig(1, (BOB,))
TWO = Multisig(2, (CAROL, BOB))
STATE = State(
    Chain(chain_id=1, height=7, burned=50, total_supply=10**9, timestamp=99),
    {
        ALICE: Account(nonce=3, balances={NATIVE: 1000, GOLD: U64_MAX}, multisig=ONE_OF_BOB),
        BOB: Account(energy=5, frozen=6, flags=7, data=b"inert"),
        CAROL: Account(),
    },
)
BLOCK = Changes(
    modified_nonces={ALICE: 4},
    modified_balances={(ALICE, NATIVE): 0, (BOB, GOLD): 11, (NEW, NATIVE): 12},
    modified_multisigs={ALICE: None, BOB: TWO},
    modified_energies={BOB: 4},
    created=frozenset({NEW}),
    burned=2,
    height=1,
)
AFTER_BLOCK = State(
    replace(STATE.chain, height=8, burned=52),
    {
        ALICE: Account(nonce=4, balances={GOLD: U64_MAX}),
        BOB: Account(balances={GOLD: 11}, multisig=TWO, energy=4, frozen=6, flags=7, data=b"inert"),
        CAROL: Account(),
        NEW: Account(balances={NATIVE: 12}),
    },
)

Store: TypeAlias = MemoryStorage | RocksStorage
MakeStore: TypeAlias = Callable[..., Store]


@pytest.fixture(params=["memory", "rocksdb"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeStore]:
    if request.param == "memory":
        yield MemoryStorage
    else:
        with Database(tmp_path / "database") as database:
            yield database.new_namespace


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store(STATE)


class InjectedError(Exception):
    pass


def refuse(operation: str) -> None:
    raise InjectedError(operation)


def test_a_new_store_reads_the_state_it_was_made_of(store: Store) -> None:
    assert store.topoheight == 0
    assert store.chain() == STATE.chain
    assert store.export() == STATE
    assert (store.nonce(ALICE), store.balance(ALICE, NATIVE)) == (3, 1000)
    assert (store.balance(ALICE, GOLD), store.multisig(ALICE)) == (U64_MAX, ONE_OF_BOB)
    assert (store.exists(CAROL), store.energy(BOB)) == (True, 5)


def test_an_empty_state_can_be_stored(make_store: MakeStore) -> None:
    empty = State(Chain(), {})
    assert make_store(empty).export() == empty


def test_an_absent_account_reads_as_zero_and_none(store: Store) -> None:
    assert not store.exists(NEW)
    assert (store.nonce(NEW), store.balance(NEW, NATIVE), store.energy(NEW)) == (0, 0, 0)
    assert store.multisig(NEW) is None


def test_the_newest_data_is_what_was_merged(store: Store) -> None:
    store.merge(BLOCK, 1)
    assert store.topoheight == 1
    assert store.export() == AFTER_BLOCK
    assert store.chain() == AFTER_BLOCK.chain
    assert store.exists(NEW)
    assert (store.nonce(ALICE), store.balance(ALICE, NATIVE), store.energy(BOB)) == (4, 0, 4)
    assert (store.multisig(ALICE), store.multisig(BOB)) == (None, TWO)


def test_a_reader_at_a_topoheight_sees_the_newest_version_at_or_below_it(
    make_store: MakeStore,
) -> None:
    store = make_store(STATE, 10)
    store.merge(Changes(modified_nonces={ALICE: 4}), 12)
    store.merge(Changes(modified_nonces={ALICE: 5}), 15)
    read = [store.at(topoheight).nonce(ALICE) for topoheight in range(10, 18)]
    assert read == [3, 3, 4, 4, 4, 5, 5, 5]


def test_a_reader_at_an_older_topoheight_sees_nothing_of_a_later_block(store: Store) -> None:
    store.merge(BLOCK, 1)
    old = store.at(0)
    assert old.chain() == STATE.chain
    assert not old.exists(NEW)
    assert (old.nonce(ALICE), old.balance(ALICE, NATIVE), old.balance(BOB, GOLD)) == (3, 1000, 0)
    assert (old.multisig(ALICE), old.multisig(BOB), old.energy(BOB)) == (ONE_OF_BOB, None, 5)


def test_a_reader_at_an_older_topoheight_stays_there_while_blocks_are_merged(store: Store) -> None:
    reader = store.at(0)
    store.merge(BLOCK, 1)
    assert reader.nonce(ALICE) == 3


def test_a_multisig_stored_as_none_is_a_deletion_and_keeps_its_older_version(store: Store) -> None:
    store.merge(Changes(modified_multisigs={ALICE: None}), 1)
    store.merge(Changes(modified_multisigs={ALICE: TWO}), 2)
    assert [store.at(n).multisig(ALICE) for n in range(3)] == [ONE_OF_BOB, None, TWO]


def test_participants_keep_their_order(store: Store) -> None:
    store.merge(Changes(modified_multisigs={ALICE: Multisig(2, (CAROL, BOB, NEW))}), 1)
    assert store.multisig(ALICE) == Multisig(2, (CAROL, BOB, NEW))
    assert store.export().accounts[ALICE].multisig == Multisig(2, (CAROL, BOB, NEW))


def test_a_merge_without_changes_only_advances_the_topoheight(store: Store) -> None:
    store.merge(NO_CHANGES, 3)
    assert (store.topoheight, store.export()) == (3, STATE)


def test_changing_the_changes_after_the_merge_changes_nothing(store: Store) -> None:
    nonces = {ALICE: 4}
    store.merge(Changes(modified_nonces=nonces), 1)
    nonces[BOB] = 9
    nonces[ALICE] = 9
    assert (store.nonce(ALICE), store.nonce(BOB)) == (4, 0)
    store.rewind(0)
    assert store.export() == STATE


def test_a_rewind_restores_every_older_state(store: Store) -> None:
    states = [STATE]
    for topoheight in range(1, 5):
        balances = {(ALICE, NATIVE): topoheight, (BOB, GOLD): 7 * (topoheight % 2)}
        changes = Changes(
            modified_nonces={ALICE: 3 + topoheight}, modified_balances=balances, height=1
        )
        store.merge(changes, topoheight)
        states.append(store.export())
    for topoheight in (4, 3, 1, 0):
        store.rewind(topoheight)
        assert (store.topoheight, store.export()) == (topoheight, states[topoheight])


def test_a_rewind_removes_accounts_created_above_it(store: Store) -> None:
    store.merge(BLOCK, 1)
    store.rewind(0)
    assert not store.exists(NEW)
    assert store.balance(NEW, NATIVE) == 0
    assert store.export() == STATE


def test_a_different_block_can_be_merged_where_one_was_rewound(store: Store) -> None:
    store.merge(BLOCK, 1)
    store.rewind(0)
    store.merge(Changes(modified_nonces={BOB: 1}, created=frozenset({NEW})), 1)
    assert (store.nonce(ALICE), store.nonce(BOB)) == (3, 1)
    assert (store.exists(NEW), store.balance(NEW, NATIVE)) == (True, 0)
    assert store.at(0).nonce(BOB) == 0


def test_a_rewind_between_two_merges_leaves_the_lower_one_the_newest(store: Store) -> None:
    store.merge(Changes(modified_nonces={ALICE: 4}), 5)
    store.merge(Changes(modified_nonces={ALICE: 5}), 9)
    store.rewind(7)
    assert (store.topoheight, store.nonce(ALICE)) == (5, 4)
    store.merge(Changes(modified_nonces={ALICE: 8}), 6)
    assert store.nonce(ALICE) == 8


def test_a_version_that_was_rewound_never_shows_up_in_later_history(store: Store) -> None:
    for topoheight in (1, 2, 3):
        store.merge(Changes(modified_nonces={ALICE: 10 + topoheight}), topoheight)
    store.rewind(1)
    store.merge(Changes(modified_nonces={ALICE: 20}), 4)
    assert [store.at(n).nonce(ALICE) for n in range(6)] == [3, 11, 11, 11, 20, 20]


@pytest.mark.parametrize("topoheight", [-1, 0, 4, 5, U64_MAX + 1])
def test_a_merge_must_be_above_the_newest(store: Store, topoheight: int) -> None:
    store.merge(NO_CHANGES, 5)
    with pytest.raises(StorageError, match="topoheight"):
        store.merge(BLOCK, topoheight)
    assert (store.topoheight, store.export()) == (5, STATE)


def test_a_rewind_into_the_future_is_refused(store: Store) -> None:
    store.merge(BLOCK, 1)
    with pytest.raises(StorageError, match="cannot rewind to topoheight 2: the newest is 1"):
        store.rewind(2)


def test_nothing_reaches_below_the_topoheight_the_store_began_at(make_store: MakeStore) -> None:
    store = make_store(STATE, 10)
    with pytest.raises(StorageError, match="cannot rewind to topoheight 9: the first is 10"):
        store.rewind(9)
    with pytest.raises(StorageError, match="cannot read at topoheight 9: the first is 10"):
        store.at(9)


UNSTORABLE = {
    "nonce above u64": Changes(modified_nonces={BOB: 1, ALICE: U64_MAX + 1}),
    "negative balance": Changes(modified_balances={(BOB, NATIVE): 1, (ALICE, NATIVE): -1}),
    "energy above u64": Changes(modified_energies={BOB: U64_MAX + 1}),
    "fractional nonce": Changes(modified_nonces={BOB: 1.0}),  # type: ignore[dict-item]
    "burned overflows": Changes(modified_nonces={BOB: 1}, burned=U64_MAX - 49),
    "height overflows": Changes(modified_nonces={BOB: 1}, height=U64_MAX - 6),
    "negative burned": Changes(burned=-1),
    "unknown account": Changes(modified_nonces={BOB: 1, NEW: 1}),
    "credit to an unknown account": Changes(modified_balances={(NEW, NATIVE): 1}),
    "existing account created": Changes(modified_nonces={BOB: 1}, created=frozenset({ALICE})),
    "short address": Changes(created=frozenset({b"short"})),
    "short asset": Changes(modified_balances={(BOB, b"short"): 1}),
}


@pytest.mark.parametrize("changes", UNSTORABLE.values(), ids=UNSTORABLE.keys())
def test_changes_that_no_state_can_hold_are_refused_as_a_whole(
    store: Store, changes: Changes
) -> None:
    with pytest.raises(StorageError):
        store.merge(changes, 1)
    assert (store.topoheight, store.nonce(BOB), store.export()) == (0, 0, STATE)


def test_values_at_the_edge_of_u64_are_stored(store: Store) -> None:
    store.merge(
        Changes(
            modified_nonces={ALICE: U64_MAX},
            modified_balances={(BOB, NATIVE): U64_MAX},
            burned=U64_MAX - 50,
            height=U64_MAX - 7,
        ),
        U64_MAX,
    )
    assert (store.nonce(ALICE), store.balance(BOB, NATIVE)) == (U64_MAX, U64_MAX)
    assert (store.chain().burned, store.chain().height) == (U64_MAX, U64_MAX)
    assert store.at(U64_MAX - 1).nonce(ALICE) == 3


def test_a_merge_whose_write_fails_leaves_the_store_as_it_was(store: Store) -> None:
    store.nonce(ALICE)
    store.before_write = refuse
    with pytest.raises(InjectedError, match="merge"):
        store.merge(BLOCK, 1)
    assert (store.topoheight, store.nonce(ALICE), store.nonce(NEW)) == (0, 3, 0)
    assert store.export() == STATE
    store.before_write = None
    store.merge(BLOCK, 1)
    assert store.export() == AFTER_BLOCK


def test_a_rewind_whose_write_fails_leaves_the_store_as_it_was(store: Store) -> None:
    store.merge(BLOCK, 1)
    store.before_write = refuse
    with pytest.raises(InjectedError, match="rewind"):
        store.rewind(0)
    assert (store.topoheight, store.nonce(ALICE)) == (1, 4)
    assert store.export() == AFTER_BLOCK
    assert store.at(0).nonce(ALICE) == 3


def test_two_stores_made_of_one_state_do_not_see_each_other(make_store: MakeStore) -> None:
    one, other = make_store(STATE), make_store(STATE)
    one.merge(BLOCK, 1)
    assert (other.export(), other.topoheight) == (STATE, 0)


def test_a_clone_sees_what_was_committed_before_and_after_it_was_taken(store: Store) -> None:
    store.merge(Changes(modified_nonces={ALICE: 4}), 1)
    clone = store.clone()
    assert clone.nonce(ALICE) == 4
    store.merge(Changes(modified_nonces={ALICE: 5}), 2)
    assert clone.nonce(ALICE) == 5
    store.rewind(0)
    assert (clone.nonce(ALICE), clone.topoheight) == (3, 0)
