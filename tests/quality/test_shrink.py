"""The reducer: every known fault shrinks to its known size, and a shrunk case fails as before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import pytest

from lockstep.case.deviation import Deviation, Schedule
from lockstep.case.file import Record, Setting, load, to_bytes
from lockstep.case.values import BlockStep, Case, Intent
from lockstep.findings.by_schedule import shrink
from lockstep.generate.mixture import case_at
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.shrink.passes import PASSES
from lockstep.shrink.reduce import Attempt, Reduced, reduce
from lockstep.shrink.same_failure import SameFailure
from lockstep.streams import stream
from lockstep.targets.named import open_steered
from lockstep.targets.steered import STEP_LIMIT, SteeredLane
from lockstep_ledger.model import NATIVE, Account, Transfers
from lockstep_mutants.catalogue import ROWS, Row
from tests.harness.small import BOB, CAROL, block, case_of, pays
from tests.repository import REPOSITORY

SEEDS = ("one", "two")
LIMIT, FURTHER = 10_000, 400
"""Cases until the first failure, and from there until one of the smallest case's kind."""
CASES = REPOSITORY / "corpora" / "mutants"

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
generated = lru_cache(maxsize=4096)(case_at)


@dataclass(frozen=True)
class Failing:
    """The first case of a seed that shows a fault, how it failed and what recognises that."""

    case: Case
    run: Run
    lane: SteeredLane
    number: int

    @property
    def oracle(self) -> SameFailure:
        return SameFailure(self.lane, signature_of(self.run))

    def fails_alike(self, reduced: Reduced) -> bool:
        return self.oracle.attempt(reduced.case, reduced.schedule).schedule is not None


def first_failing(row: Row, seed: str) -> Failing:
    """Find the first case that fails like the fault's smallest known case, else the first at all.

    A fault may show in later results in many ways, which may need more transactions; those are
    other kinds of failure. One that needs no schedule is looked for in sequential order.
    """
    lane = open_steered(Setting(row.executor, storage=row.storage), MemoryStores())
    known = load(CASES / row.case)
    wanted = signature_of(lane.run_deviating(known.case, known.schedule))
    mix = Mix(STEP_LIMIT)
    others: list[Failing] = []
    for number in range(LIMIT):
        if others and number > others[0].number + FURTHER:
            break
        case = generated(seed, number)
        if row.deviations:
            run = lane.run_mixed(case, stream(seed, "schedule", number), mix)
        else:
            run = lane.run_sequential(case)
        if run.verdict.is_failure:
            failing = Failing(case, run, lane, number)
            if signature_of(run) == wanted:
                return failing
            others.append(failing)
    assert others, f"{row.id} was not found in {LIMIT} cases of seed {seed}"
    return others[0]


def seeds_of(row: Row) -> tuple[str, ...]:
    """Return the seeds to try: one for the optimistic executor, whose faults take seconds each."""
    return SEEDS[:1] if "optimistic" in row.executor else SEEDS


@lru_cache(maxsize=256)
def shrunk(row: Row, seed: str) -> tuple[Failing, Reduced]:
    failing = first_failing(row, seed)
    return failing, shrink(failing.case, failing.run, failing.lane)


@each_row
def test_a_fault_shrinks_to_its_known_size(row: Row) -> None:
    for seed in seeds_of(row):
        _, reduced = shrunk(row, seed)
        size = reduced.case.transactions(), len(reduced.schedule)
        assert size <= (row.transactions, row.deviations), seed


@each_row
def test_a_shrunk_case_fails_as_the_original_did_and_is_finished(row: Row) -> None:
    for seed in seeds_of(row):
        failing, reduced = shrunk(row, seed)
        assert failing.fails_alike(reduced)
        assert reduced.finished


@each_row
def test_shrinking_a_shrunk_case_changes_nothing(row: Row) -> None:
    failing, reduced = shrunk(row, SEEDS[0])
    again = reduce(reduced.case, reduced.schedule, failing.oracle)
    assert (again.case, again.schedule) == (reduced.case, reduced.schedule)
    assert again.finished


@each_row
def test_shrinking_twice_gives_the_same_bytes(row: Row) -> None:
    failing, reduced = shrunk(row, SEEDS[0])
    again = shrink(failing.case, failing.run, failing.lane)
    assert bytes_of(again) == bytes_of(reduced)
    assert again == reduced


def bytes_of(reduced: Reduced) -> bytes:
    return to_bytes(Record(reduced.case, {}, schedule=reduced.schedule))


LONG = next(row for row in ROWS if row.id == "T05-burned")
"""A fault whose first case has many transactions."""


class Counting:
    """An oracle that counts what another one is asked."""

    def __init__(self, oracle: SameFailure) -> None:
        self.executions = 0
        self._oracle = oracle

    def attempt(self, case: Case, schedule: Schedule) -> Attempt:
        attempt = self._oracle.attempt(case, schedule)
        self.executions += attempt.executions
        return attempt

    def search(self, case: Case) -> Attempt:
        attempt = self._oracle.search(case)
        self.executions += attempt.executions
        return attempt

    def fewer(self, case: Case, schedule: Schedule, limit: int) -> Attempt:
        attempt = self._oracle.fewer(case, schedule, limit)
        self.executions += attempt.executions
        return attempt


@pytest.mark.parametrize("budget", [0, 1, 10, 50])
def test_no_more_is_begun_when_the_budget_is_spent(budget: int) -> None:
    failing, whole = shrunk(LONG, SEEDS[0])
    oracle = Counting(failing.oracle)
    reduced = reduce(failing.case, (), oracle, budget)
    most_for_one_candidate = len(failing.case.steps)
    assert whole.executions > budget + most_for_one_candidate
    assert budget <= oracle.executions < budget + most_for_one_candidate + 1
    assert (reduced.executions, reduced.finished) == (oracle.executions, False)
    assert failing.fails_alike(reduced)


def test_a_spent_budget_is_resumed_where_it_ended() -> None:
    failing, whole = shrunk(LONG, SEEDS[0])
    reduced = Reduced(failing.case, (), 0, finished=False)
    rounds = 0
    while not reduced.finished:
        rounds += 1
        before = reduced.case
        reduced = reduce(before, (), failing.oracle, 2 * whole.executions // 3)
        assert reduced.case.transactions() <= before.transactions()
    assert rounds > 1
    assert reduced.case.transactions() == whole.case.transactions()


def test_a_failure_that_the_interleaving_of_an_earlier_block_causes_keeps_that() -> None:
    row = next(row for row in ROWS if row.id == "X14")
    known = load(CASES / row.case)
    first, second = known.case.steps
    assert isinstance(second, BlockStep)
    longer = replace(second, transactions=(*second.transactions, pays("t3", 5)))
    case = replace(known.case, steps=(first, longer))
    with open_steered(Setting(row.executor, storage=row.storage), MemoryStores()) as lane:
        run = lane.run_deviating(case, known.schedule)
        reduced = shrink(case, run, lane)
        again = lane.run_deviating(reduced.case, reduced.schedule)
    assert run.verdict.is_failure
    assert signature_of(again) == signature_of(run)
    assert reduced.case.transactions() == row.transactions
    assert len(reduced.schedule) == row.deviations


# The search by itself, without an executor.


class Judge:
    """An oracle that asks a predicate about the case and counts one execution each time."""

    def __init__(self, fails: Callable[[Case], bool]) -> None:
        self._fails = fails

    def attempt(self, case: Case, schedule: Schedule) -> Attempt:
        return Attempt(schedule if self._fails(case) else None, 1)

    def search(self, case: Case) -> Attempt:
        return Attempt(() if self._fails(case) else None, 1)

    def fewer(self, case: Case, schedule: Schedule, limit: int) -> Attempt:
        return Attempt(None, 0)


def test_a_case_that_fails_however_it_is_cut_shrinks_to_nothing() -> None:
    reduced = reduce(generated("one", 0), (), Judge(lambda _: True))
    assert reduced.case.steps == ()
    assert not reduced.case.state.accounts


def test_a_case_that_only_fails_as_it_is_stays_as_it_is() -> None:
    case = generated("one", 0)
    reduced = reduce(case, (), Judge(lambda candidate: candidate == case), budget=100_000)
    assert reduced.case == case
    assert reduced.finished


def intents(case: Case) -> list[Intent]:
    """Return the transactions of ``case`` that are not mere bytes."""
    blocks = [step for step in case.steps if isinstance(step, BlockStep)]
    return [each for block in blocks for each in block.transactions if isinstance(each, Intent)]


def most_sent(case: Case) -> int:
    """Return the largest amount that any transfer of ``case`` sends."""
    payloads = [each.payload for each in intents(case)]
    amounts = [
        out.amount for each in payloads if isinstance(each, Transfers) for out in each.outputs
    ]
    return max(amounts, default=0)


@pytest.mark.parametrize("least", [1, 17, 999])
def test_an_amount_shrinks_to_the_boundary_of_the_failure(least: int) -> None:
    case = case_of(block(pays("t0", 0), pays("t1", 1, amount=1_000)))
    reduced = reduce(case, (), Judge(lambda candidate: most_sent(candidate) >= least))
    assert most_sent(reduced.case) == least
    assert reduced.case.transactions() == 1


def test_a_later_transaction_that_only_sets_the_stage_is_put_into_the_state() -> None:
    case = case_of(block(replace(pays("t0", 0, 1), source=CAROL), pays("t1", 0, 500)))

    def receives_and_fails(candidate: Case) -> bool:
        bob = candidate.state.accounts[BOB] if BOB in candidate.state.accounts else Account()
        ids = [each.id for each in intents(candidate)]
        return "t0" in ids and ("t1" in ids or bob.balance(NATIVE) >= 500)

    reduced = reduce(case, (), Judge(receives_and_fails))
    assert [each.id for each in intents(reduced.case)] == ["t0"]


class NeedsDeviations:
    """An oracle of a failure that needs one certain deviation, whatever the case."""

    def attempt(self, case: Case, schedule: Schedule) -> Attempt:
        return Attempt(schedule if NEEDED in schedule else None, 1)

    def search(self, case: Case) -> Attempt:
        return Attempt(None, 1)

    def fewer(self, case: Case, schedule: Schedule, limit: int) -> Attempt:
        return Attempt(None, 0)


def deviation(number: int) -> Deviation:
    return Deviation((f"t{number}", "publish", "", 1), f"t{number + 1}")


NEEDED = deviation(5)


def test_deviations_that_are_not_needed_are_dropped() -> None:
    schedule = tuple(deviation(number) for number in range(12))
    reduced = reduce(generated("one", 0), schedule, NeedsDeviations())
    assert reduced.schedule == (NEEDED,)
    assert reduced.case.steps == ()


def test_no_pass_offers_the_case_itself() -> None:
    for number in range(5):
        case = generated("one", number)
        for each in PASSES:
            assert all(offer != case for offer in each(case)), each.__name__
