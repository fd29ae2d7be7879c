"""Both stores against the simplest model there is: a list of all states so far."""

from __future__ import annotations

import tempfile
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from lockstep_ledger.model import NATIVE, U64_MAX, Account, Chain, Multisig, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import Reader, StorageError
from lockstep_ledger.storage.rocksdb import Database, RocksStorage

ADDRESSES = [bytes([n]) * 32 for n in range(1, 5)]
ASSETS = [NATIVE, b"\xaa" * 32]
ABSENT = Account()

values = st.sampled_from([0, 1, 2, U64_MAX])
multisigs = st.sampled_from([None, Multisig(1, (ADDRESSES[0],)), Multisig(2, tuple(ADDRESSES[:3]))])
addresses = st.sampled_from(ADDRESSES)
accounts = st.builds(
    Account,
    nonce=values,
    balances=st.dictionaries(st.sampled_from(ASSETS), values),
    multisig=multisigs,
    energy=values,
    frozen=values,
    data=st.sampled_from([b"", b"inert"]),
)


@st.composite
def drawn_changes(draw: st.DrawFn) -> Changes:
    return Changes(
        modified_nonces=draw(st.dictionaries(addresses, values, max_size=2)),
        modified_balances=draw(
            st.dictionaries(st.tuples(addresses, st.sampled_from(ASSETS)), values, max_size=3)
        ),
        modified_multisigs=draw(st.dictionaries(addresses, multisigs, max_size=2)),
        modified_energies=draw(st.dictionaries(addresses, values, max_size=1)),
        burned=draw(st.integers(0, 1)),
        height=draw(st.integers(0, 1)),
    )


def with_created(changes: Changes, state: State, more: set[bytes]) -> Changes:
    """Let ``changes`` create whatever they touch that ``state`` lacks."""
    touched = {
        *changes.modified_nonces,
        *(address for address, _ in changes.modified_balances),
        *changes.modified_multisigs,
        *changes.modified_energies,
    }
    return replace(changes, created=frozenset((touched | more) - state.accounts.keys()))


def applied(state: State, changes: Changes) -> State:
    """Return ``state`` with ``changes`` made to it, in the most obvious way."""
    accounts = {**state.accounts, **{address: Account() for address in changes.created}}
    for address, nonce in changes.modified_nonces.items():
        accounts[address] = replace(accounts[address], nonce=nonce)
    for (address, asset), amount in changes.modified_balances.items():
        balances = {**accounts[address].balances, asset: amount}
        accounts[address] = replace(accounts[address], balances=balances)
    for address, multisig in changes.modified_multisigs.items():
        accounts[address] = replace(accounts[address], multisig=multisig)
    for address, energy in changes.modified_energies.items():
        accounts[address] = replace(accounts[address], energy=energy)
    chain = replace(
        state.chain,
        burned=state.chain.burned + changes.burned,
        height=state.chain.height + changes.height,
    )
    return State(chain, accounts)


def assert_reads(reader: Reader, state: State) -> None:
    assert reader.chain() == state.chain
    for address in ADDRESSES:
        account = state.accounts.get(address, ABSENT)
        assert reader.exists(address) == (address in state.accounts)
        assert reader.nonce(address) == account.nonce
        assert reader.multisig(address) == account.multisig
        assert reader.energy(address) == account.energy
        for asset in ASSETS:
            assert reader.balance(address, asset) == account.balance(asset)


def refuse(operation: str) -> None:
    raise StorageError(operation)


class StoresAgreeWithAListOfStates(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.database = Database(self.directory.name, cache_capacity=8)
        self.history: list[tuple[int, State]] = []

    @initialize(known=st.dictionaries(addresses, accounts), topoheight=st.integers(0, 2))
    def begin(self, known: dict[bytes, Account], topoheight: int) -> None:
        state = State(Chain(), known)
        self.history = [(topoheight, state)]
        self.memory = MemoryStorage(state, topoheight)
        self.rocks = self.database.new_namespace(state, topoheight)
        self.clone = self.rocks.clone()

    @property
    def stores(self) -> tuple[MemoryStorage, RocksStorage]:
        return self.memory, self.rocks

    @rule(changes=drawn_changes(), more=st.sets(addresses, max_size=1), step=st.integers(1, 3))
    def merge(self, changes: Changes, more: set[bytes], step: int) -> None:
        newest, state = self.history[-1]
        changes = with_created(changes, state, more)
        for store in self.stores:
            store.merge(changes, newest + step)
        self.history.append((newest + step, applied(state, changes)))

    @rule(changes=drawn_changes(), fault=st.sampled_from(["write", "value", "topoheight"]))
    def fail_to_merge(self, changes: Changes, fault: str) -> None:
        newest, state = self.history[-1]
        changes = with_created(changes, state, set())
        if fault == "value":
            changes = replace(changes, burned=U64_MAX, height=U64_MAX + 1)
        for store in self.stores:
            store.before_write = refuse if fault == "write" else None
            try:
                store.merge(changes, newest + (fault != "topoheight"))
            except StorageError:
                store.before_write = None
            else:
                raise AssertionError("the merge was not refused")

    @rule(data=st.data())
    def rewind(self, data: st.DataObject) -> None:
        first, newest = self.history[0][0], self.history[-1][0]
        target = data.draw(st.integers(first, newest), label="target")
        for store in self.stores:
            store.rewind(target)
        self.history = [entry for entry in self.history if entry[0] <= target]

    @precondition(lambda self: self.history)
    @rule()
    def reopen(self) -> None:
        number = self.rocks.number
        self.database.close()
        self.database = Database(self.directory.name, cache_capacity=8)
        self.rocks = self.database.namespace(number)
        self.clone = self.rocks.clone()

    @rule(data=st.data())
    def read_at_an_older_topoheight(self, data: st.DataObject) -> None:
        first, newest = self.history[0][0], self.history[-1][0]
        topoheight = data.draw(st.integers(first, newest + 1), label="topoheight")
        _, state = [entry for entry in self.history if entry[0] <= topoheight][-1]
        for store in self.stores:
            assert_reads(store.at(topoheight), state)

    @invariant()
    def the_newest_state_is_the_last_of_the_list(self) -> None:
        if self.history:
            newest, state = self.history[-1]
            for store in (self.memory, self.rocks, self.clone):
                assert store.topoheight == newest
                assert_reads(store, state)
                assert store.export() == state

    def teardown(self) -> None:
        self.database.close()
        self.directory.cleanup()


StoresAgreeWithAListOfStates.TestCase.settings = settings(
    max_examples=50, stateful_step_count=15, deadline=None
)
TestStores = StoresAgreeWithAListOfStates.TestCase
