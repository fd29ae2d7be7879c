from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from lockstep_ledger.model import NATIVE, Multisig
from lockstep_ledger.outcome import NO_CHANGES
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.ops import Kind, Operation
from tests.parallel.world import GOLD, A, B, C, account, reader

T = TypeVar("T")

CONFIG = Multisig(1, (C,))


def finish(body: Coroutine[Any, None, T]) -> tuple[T, list[Operation]]:
    """Run ``body`` alone; return its result and what it announced."""
    operations: list[Operation] = []
    while True:
        try:
            operations.append(body.send(None))
        except StopIteration as stop:
            return stop.value, operations


def fresh() -> BlockState:
    return BlockState(reader({A: account(10, nonce=3, multisig=CONFIG, energy=2)}, burned=5))


def test_a_location_is_announced_once_per_transaction() -> None:
    overlay = Overlay(fresh())
    for read, value, label in (
        (lambda: overlay.exists(A), True, "exists"),
        (lambda: overlay.nonce(A), 3, "nonce"),
        (lambda: overlay.balance(A, NATIVE), 10, "balance"),
        (lambda: overlay.multisig(A), CONFIG, "multisig"),
        (lambda: overlay.energy(A), 2, "energy"),
        (lambda: overlay.burned(), 5, "burned"),
    ):
        first, operations = finish(read())
        assert first == value
        assert [(each.kind, each.label) for each in operations] == [(Kind.READ, label)]
        assert finish(read()) == (value, [])


def test_a_read_of_what_another_transaction_loaded_is_still_announced() -> None:
    state = fresh()
    finish(Overlay(state).nonce(A))
    assert finish(Overlay(state).nonce(A))[1] != []


def test_a_transaction_reads_its_own_writes_without_announcing() -> None:
    overlay = Overlay(fresh())
    overlay.set_nonce(A, 4)
    overlay.set_balance(A, NATIVE, 1)
    overlay.set_multisig(A, None)
    overlay.set_energy(A, 0)
    overlay.create(B)
    assert finish(overlay.nonce(A)) == (4, [])
    assert finish(overlay.balance(A, NATIVE)) == (1, [])
    assert finish(overlay.multisig(A)) == (None, [])
    assert finish(overlay.energy(A)) == (0, [])
    assert finish(overlay.exists(B)) == (True, [])
    overlay.burn(2)
    assert finish(overlay.burned())[0] == 7


def test_nothing_staged_is_visible_before_it_is_published() -> None:
    state = fresh()
    overlay = Overlay(state)
    overlay.set_nonce(A, 4)
    overlay.create(B)
    overlay.burn(1)
    other = Overlay(state)
    assert finish(other.nonce(A))[0] == 3
    assert finish(other.exists(B))[0] is False
    assert finish(other.burned())[0] == 5
    assert state.changes(0) == NO_CHANGES


def test_publishing_is_one_step_that_names_all_it_writes() -> None:
    state = fresh()
    overlay = Overlay(state)
    overlay.set_nonce(A, 4)
    overlay.set_balance(A, GOLD, 1)
    overlay.set_multisig(A, None)
    overlay.set_energy(A, 1)
    overlay.create(B)
    overlay.burn(1)
    _, (operation,) = finish(state.publish(overlay))
    assert (operation.kind, operation.label) == (Kind.WRITE, "publish")
    assert set(operation.keys) == {
        ("nonce", A),
        ("balance", (A, GOLD)),
        ("multisig", A),
        ("energy", A),
        ("exists", B),
        ("burned",),
    }
    changes = state.changes(1)
    assert changes.modified_nonces == {A: 4}
    assert changes.modified_balances == {(A, GOLD): 1}
    assert changes.modified_multisigs == {A: None}
    assert changes.modified_energies == {A: 1}
    assert changes.created == {B}
    assert (changes.burned, changes.height) == (1, 1)


def test_burns_that_overlap_are_both_counted() -> None:
    state = fresh()
    overlays = [Overlay(state), Overlay(state)]
    for overlay in overlays:
        finish(overlay.burned())
        overlay.burn(10)
    for overlay in overlays:
        finish(state.publish(overlay))
    assert state.changes(0).burned == 20


def test_what_is_written_without_a_read_is_compared_with_storage() -> None:
    state = fresh()
    overlay = Overlay(state)
    overlay.set_nonce(A, 3)
    overlay.create(A)
    overlay.set_multisig(A, Multisig(1, (C,)))
    finish(state.publish(overlay))
    assert state.changes(0) == NO_CHANGES
