from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

import pytest

from lockstep_ledger.model import NATIVE
from lockstep_ledger.outcome import Code
from lockstep_parallel.executors.optimistic.chain import (
    BASE,
    EMPTY,
    Chain,
    Estimate,
    Found,
    Snapshot,
    Value,
    Version,
    Written,
)
from lockstep_parallel.executors.optimistic.memory import BURNED, Executed, Location, Memory
from lockstep_parallel.executors.optimistic.view import Dependency, Speculation
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Task
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from lockstep_parallel.steps.ops import Kind
from lockstep_parallel.steps.watch import WATCH
from tests.parallel.world import A, B, account, reader

T = TypeVar("T")

NONCE: Location = ("nonce", A)
BALANCE: Location = ("balance", (A, NATIVE))
ABSENT: Location = ("exists", B)


def memory() -> Memory:
    return Memory(BlockState(reader({A: account(10, nonce=3)}, burned=9)))


def take(body: Coroutine[Any, None, T], driver: Scheduled | None = None) -> T:
    """Take the steps of ``body`` under the audit and return its result."""
    (result,) = (driver or Scheduled()).run([Task(0, body)], 1)
    return result  # type: ignore[return-value]


def wrote(
    writes: Mapping[Location, Value], reads: Mapping[Location, Version] | None = None
) -> Executed:
    return Executed(Code.SUCCESS, reads or {}, writes)


def publish(shared: Memory, index: int, incarnation: int, writes: Mapping[Location, Value]) -> bool:
    return take(shared.publish(Version(index, incarnation), wrote(writes)))


# Chains


def test_a_transaction_sees_the_highest_entry_below_it() -> None:
    two, five = Written(Version(2, 0), 20), Written(Version(5, 1), 50)
    chain = EMPTY.having(five).having(two)
    seen = [chain.below(index) for index in range(8)]
    assert seen == [None, None, None, two, two, two, five, five]
    assert chain.last() == five


def test_a_chain_has_one_entry_for_a_transaction() -> None:
    first, again = Written(Version(2, 0), 20), Written(Version(2, 1), 21)
    other = Written(Version(3, 0), 30)
    assert EMPTY.having(first).having(other).having(again).entries == (again, other)


def test_an_entry_is_taken_out_and_a_missing_one_may_be() -> None:
    two, five = Written(Version(2, 0), 20), Written(Version(5, 1), 50)
    chain = EMPTY.having(two).having(five)
    assert chain.without(2).entries == (five,)
    assert chain.without(3) == chain
    assert chain.without(2).without(5) == EMPTY


def test_whoever_holds_a_chain_holds_a_snapshot() -> None:
    before = EMPTY.having(Written(Version(0, 0), 1))
    before.having(Estimate(Version(0, 0)))
    assert before.last() == Written(Version(0, 0), 1)


# Memory


def test_below_all_writes_is_the_state_before_the_transactions() -> None:
    shared = memory()
    publish(shared, 1, 0, {NONCE: 4})
    assert take(shared.read(NONCE, 1)) is None
    assert [shared.base(each) for each in (NONCE, BALANCE, ABSENT, BURNED)] == [3, 10, False, 9]
    assert take(shared.read(NONCE, 2)) == Written(Version(1, 0), 4)


def test_a_publication_is_one_step_on_all_it_writes() -> None:
    shared, driver = memory(), Scheduled()
    take(shared.publish(Version(1, 0), wrote({NONCE: 4, BALANCE: 1})), driver)
    (step,) = driver.trace
    assert step.operation.kind is Kind.WRITE
    assert step.operation.keys == (("record", 1), NONCE, BALANCE)


def test_the_next_incarnation_removes_what_it_no_longer_writes() -> None:
    shared = memory()
    publish(shared, 0, 0, {NONCE: 4, BALANCE: 1})
    publish(shared, 0, 1, {NONCE: 5})
    assert shared.chain(BALANCE) == EMPTY
    assert shared.chain(NONCE).last() == Written(Version(0, 1), 5)


def test_a_failed_incarnation_removes_all_that_was_written() -> None:
    shared = memory()
    publish(shared, 0, 0, {NONCE: 4, BURNED: 11})
    publish(shared, 0, 1, {})
    assert shared.chain(NONCE) == shared.chain(BURNED) == EMPTY


def test_only_a_location_not_written_before_makes_the_writes_wider() -> None:
    shared = memory()
    assert publish(shared, 0, 0, {NONCE: 4})
    assert not publish(shared, 0, 1, {NONCE: 5})
    assert publish(shared, 0, 2, {NONCE: 5, BALANCE: 1})
    assert not publish(shared, 0, 3, {BALANCE: 1})
    assert publish(shared, 0, 4, {NONCE: 5})
    assert not publish(shared, 1, 0, {})


@pytest.mark.parametrize("location", [NONCE, BALANCE, ABSENT, BURNED])
def test_a_read_from_below_is_invalid_once_a_lower_transaction_wrote(location: Location) -> None:
    shared = memory()
    record = wrote({}, {location: BASE})
    assert take(shared.validate(1, record))
    publish(shared, 1, 0, {location: 1})
    publish(shared, 2, 0, {location: 1})
    assert take(shared.validate(1, record))
    publish(shared, 0, 0, {location: 1})
    assert not take(shared.validate(1, record))


def test_a_read_is_invalid_if_another_incarnation_wrote_the_same_value() -> None:
    shared = memory()
    publish(shared, 0, 0, {NONCE: 4})
    record = wrote({}, {NONCE: Version(0, 0)})
    assert take(shared.validate(1, record))
    publish(shared, 0, 1, {NONCE: 4})
    assert not take(shared.validate(1, record))


def test_a_read_is_invalid_if_what_it_found_is_gone() -> None:
    shared = memory()
    publish(shared, 0, 0, {NONCE: 4})
    record = wrote({}, {NONCE: Version(0, 0)})
    publish(shared, 0, 1, {})
    assert not take(shared.validate(1, record))


def test_an_aborted_incarnation_leaves_estimates_that_invalidate() -> None:
    shared = memory()
    writes = {NONCE: 4, BALANCE: 1}
    publish(shared, 0, 0, writes)
    take(shared.abort(Version(0, 0), wrote(writes)))
    assert take(shared.read(NONCE, 1)) == Estimate(Version(0, 0))
    assert not take(shared.validate(1, wrote({}, {BALANCE: Version(0, 0)})))


def test_an_incarnation_without_reads_is_valid_without_a_step() -> None:
    driver = Scheduled()
    assert take(memory().validate(1, wrote({})), driver)
    assert driver.trace == []


def test_no_publication_comes_between_two_looks_of_a_validation() -> None:
    class Watching(Memory):
        def is_current(self, index: int, location: Location, found: Found) -> bool:
            assert self._lock.locked()
            return super().is_current(index, location, found)

    shared = Watching(BlockState(reader({A: account(10, nonce=3)})))
    assert take(shared.validate(1, wrote({}, {NONCE: BASE, BALANCE: BASE})))


def test_the_last_value_of_every_location_is_settled() -> None:
    shared = memory()
    publish(shared, 0, 0, {NONCE: 4, ABSENT: True, BURNED: 11})
    publish(shared, 1, 0, {NONCE: 5})
    publish(shared, 1, 1, {BALANCE: 1})
    shared.settle()
    changes = shared.state.changes(1)
    assert changes.modified_nonces == {A: 4}
    assert changes.modified_balances == {(A, NATIVE): 1}
    assert (changes.created, changes.burned) == (frozenset((B,)), 2)


def test_an_estimate_is_never_settled() -> None:
    shared = memory()
    publish(shared, 0, 0, {NONCE: 4})
    take(shared.abort(Version(0, 0), wrote({NONCE: 4})))
    with pytest.raises(AssertionError, match="was left of a block that is done"):
        shared.settle()


# Views


def test_every_read_is_recorded_with_its_version() -> None:
    shared = memory()
    publish(shared, 0, 0, {NONCE: 4})
    view = Speculation(shared, 1, burns_commute=False)
    assert take(view.nonce(A)) == 4
    assert take(view.balance((A, NATIVE))) == 10
    assert view.reads == {NONCE: Version(0, 0), BALANCE: BASE}


def test_the_absence_of_an_account_is_recorded() -> None:
    view = Speculation(memory(), 1, burns_commute=False)
    assert take(view.exists(B)) is False
    assert view.reads == {ABSENT: BASE}


def test_a_read_that_fails_is_recorded_before_it_fails() -> None:
    shared = Memory(BlockState(reader({A: account(10)}, broken=A)))
    view = Speculation(shared, 1, burns_commute=False)
    with pytest.raises(OSError, match="disk"):
        _in_full(view.balance((A, NATIVE)))
    assert view.reads == {BALANCE: BASE}


def test_an_estimate_raises_a_dependency_on_its_transaction() -> None:
    shared = memory()
    publish(shared, 2, 0, {NONCE: 4})
    take(shared.abort(Version(2, 0), wrote({NONCE: 4})))
    view = Speculation(shared, 5, burns_commute=False)
    with pytest.raises(Dependency) as raised:
        _in_full(view.nonce(A))
    assert raised.value.estimate == Estimate(Version(2, 0))
    assert view.reads == {}


@pytest.mark.parametrize("commute", [False, True])
def test_a_burn_is_a_write_of_the_counter_unless_burns_commute(commute: bool) -> None:
    view = Speculation(memory(), 1, commute)
    overlay = Overlay(view)
    assert take(overlay.burned()) == 9
    overlay.burn(4)
    assert view.reads == ({} if commute else {BURNED: BASE})
    assert view.writes(overlay) == ({} if commute else {BURNED: 13})
    assert view.uncounted(overlay) == (4 if commute else 0)


def _in_full(body: Coroutine[Any, None, Any]) -> None:
    while True:
        body.send(None)


# What an observer is shown


def test_an_observer_sees_the_chain_of_a_location_and_what_is_below(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: dict[Any, Any] = {}
    monkeypatch.setattr(WATCH, "held", held)
    shared = memory()
    take(shared.state.nonce(A))
    assert held["nonce"](NONCE) == Snapshot(EMPTY, 3)
    assert held["record"](("record", 0)) is None
    publish(shared, 0, 1, {NONCE: 4})
    assert held["nonce"](NONCE) == Snapshot(Chain((Written(Version(0, 1), 4),)), 3)
    assert held["record"](("record", 0)).version == Version(0, 1)
    assert str(held["record"](("record", 0))) == "SUCCESS, 0 read, 1 written"
    take(shared.abort(Version(0, 1), wrote({NONCE: 4})))
    assert held["nonce"](NONCE) == Snapshot(Chain((Estimate(Version(0, 1)),)), 3)
