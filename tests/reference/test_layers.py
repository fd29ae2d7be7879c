"""The read chain: own newest write, else the layer below, else storage; nothing leaks down."""

from __future__ import annotations

import pytest

from lockstep_ledger.model import NATIVE, U64_MAX, Chain, Multisig, State
from lockstep_ledger.outcome import NO_CHANGES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference.state import Layer
from tests.reference.world import ALICE, BOB, CAROL, GOLD, account

CONFIG = Multisig(1, (BOB,))


@pytest.fixture
def storage() -> MemoryStorage:
    stored = account(100, 3, gold=7, multisig=CONFIG, energy=2)
    return MemoryStorage(State(Chain(burned=5), {ALICE: stored}))


@pytest.fixture
def block(storage: MemoryStorage) -> Layer:
    return Layer(storage, 5)


def test_a_layer_without_writes_reads_what_is_below(block: Layer) -> None:
    staged = Layer(block, block.burned)
    assert staged.exists(ALICE)
    assert not staged.exists(CAROL)
    assert (staged.nonce(ALICE), staged.nonce(CAROL)) == (3, 0)
    assert (staged.balance(ALICE, GOLD), staged.balance(CAROL, GOLD)) == (7, 0)
    assert (staged.multisig(ALICE), staged.multisig(CAROL)) == (CONFIG, None)
    assert (staged.energy(ALICE), staged.energy(CAROL)) == (2, 0)


def write_everything(layer: Layer) -> None:
    layer.set_nonce(ALICE, 0)
    layer.debit(ALICE, NATIVE, 100)
    layer.set_energy(ALICE, 0)
    layer.set_multisig(ALICE, None)
    assert layer.credit(CAROL, GOLD, 9)
    layer.burned += 1


def reads(layer: Layer) -> tuple[object, ...]:
    return (
        layer.nonce(ALICE),
        layer.balance(ALICE, NATIVE),
        layer.energy(ALICE),
        layer.multisig(ALICE),
        layer.exists(CAROL),
        layer.balance(CAROL, GOLD),
        layer.burned,
    )


WRITTEN = (0, 0, 0, None, True, 9, 6)


def test_a_write_hides_what_is_below_even_when_it_is_zero_or_none(block: Layer) -> None:
    write_everything(block)
    assert reads(block) == WRITTEN


def test_nothing_below_changes_until_the_layer_is_absorbed(
    storage: MemoryStorage, block: Layer
) -> None:
    before, stored = reads(block), storage.export()
    staged = Layer(block, block.burned)
    write_everything(staged)
    assert reads(block) == before
    block.absorb(staged)
    assert reads(block) == WRITTEN
    assert storage.export() == stored


def test_a_credit_that_does_not_fit_stages_nothing(block: Layer) -> None:
    assert not block.credit(ALICE, GOLD, U64_MAX - 6)
    assert block.credit(ALICE, GOLD, U64_MAX - 7)
    assert block.balance(ALICE, GOLD) == U64_MAX


def test_a_refused_credit_creates_nobody(block: Layer) -> None:
    assert not block.credit(CAROL, GOLD, U64_MAX + 1)
    assert not block.exists(CAROL)


def test_a_debit_below_zero_is_a_broken_assertion(block: Layer) -> None:
    with pytest.raises(AssertionError, match="debit of 101 from a balance of 100"):
        block.debit(ALICE, NATIVE, 101)


def test_only_what_differs_from_storage_is_a_change(storage: MemoryStorage, block: Layer) -> None:
    write_everything(block)
    block.set_nonce(ALICE, 3)
    block.credit(ALICE, NATIVE, 100)
    block.set_energy(ALICE, 2)
    block.set_multisig(ALICE, Multisig(1, (BOB,)))
    changes = block.changes_from(storage, 5, 1)
    assert changes.modified_balances == {(CAROL, GOLD): 9}
    assert changes.created == {CAROL}
    assert (changes.burned, changes.height) == (1, 1)
    assert changes.modified_nonces == changes.modified_energies == {}
    assert changes.modified_multisigs == {}


def test_a_layer_that_wrote_nothing_changes_nothing(storage: MemoryStorage, block: Layer) -> None:
    assert block.changes_from(storage, 5, 0) == NO_CHANGES
