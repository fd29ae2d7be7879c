"""Every way a run can end has its verdict, and nothing that went wrong is called agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

import pytest

from lockstep.case.values import Case, RewindStep
from lockstep.faults import HarnessFault
from lockstep.findings.drift import expected_documents
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.targets import steered
from lockstep.targets.canary import Canary
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import NATIVE, Address, Asset, Policy, State
from lockstep_ledger.outcome import NO_CHANGES, Changes, Code, Outcome
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import OwnedStorage, Reader, Storage
from lockstep_mutants.remembering import ExecutedCheckAfterMerge
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_reference import block as reference
from tests.harness import faulty_executors as targets
from tests.harness.campaign.two_bugs import NeverDebitsAndRepeats
from tests.harness.small import ALICE, BOB, CAROL, FEE, RICH, block, case_of, payment, pays, run_on

TWO_BLOCKS_AND_BACK = case_of(block(pays("t0", 0)), block(pays("t1", 1)), RewindStep(1))
Execute = Callable[[Block, Reader, Scheme], Outcome]


def first_field(run: Run) -> str:
    return run.differences[0].field


def test_a_correct_executor_agrees_on_every_block() -> None:
    run = run_on(Batched, TWO_BLOCKS_AND_BACK)
    assert (run.verdict, run.differences, run.step) == (Verdict.AGREE, (), None)
    assert [block.ids for block in run.blocks] == [("t0",), ("t1",)]
    assert all(block.actual == block.expected for block in run.blocks)


def test_a_case_without_steps_agrees() -> None:
    assert run_on(Batched, case_of()).verdict is Verdict.AGREE


def test_both_sides_answers_are_kept_with_the_run() -> None:
    (seen,) = run_on(targets.OneFeeTooMany).blocks
    assert seen.actual is not None
    assert seen.actual.fees == seen.expected.fees + 1


ENDS: dict[str, tuple[type[Batched], Verdict, str]] = {
    "another outcome": (targets.OneFeeTooMany, Verdict.DIVERGE, "fees"),
    "raises": (targets.Crashing, Verdict.CRASH, "executor"),
    "a task raises": (targets.CrashingTask, Verdict.CRASH, "faults"),
    "waits for ever": (targets.Waiting, Verdict.HANG, "executor"),
    "its merge drops nonces": (targets.Forgetful, Verdict.DIVERGE, "stored state"),
    "merges nothing": (targets.Idle, Verdict.DIVERGE, "stored topoheight"),
    "its merge raises": (targets.BrokenMerge, Verdict.CRASH, "executor"),
    "exits": (targets.Exiting, Verdict.CRASH, "executor"),
    "its merge exits": (targets.ExitingMerge, Verdict.CRASH, "executor"),
    "answers without changes": (targets.IllTyped, Verdict.DIVERGE, "types"),
    "answers nothing": (targets.Silent, Verdict.PROTOCOL_ERROR, "executor"),
}


@pytest.mark.parametrize(("executor", "verdict", "field"), ENDS.values(), ids=ENDS)
def test_an_executor_with_a_flaw_gets_the_verdict_of_the_flaw(
    executor: type[Batched], verdict: Verdict, field: str
) -> None:
    run = run_on(executor)
    assert (run.verdict, first_field(run), run.step) == (verdict, field, 0)
    assert run.verdict.is_failure


def test_steps_without_end_are_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steered, "STEP_LIMIT", 1_000)
    run = run_on(targets.Spinning)
    assert run.verdict is Verdict.HANG
    assert "1000 steps" in run.differences[0].actual


def test_a_fault_in_a_task_is_reported_with_its_error() -> None:
    run = run_on(targets.CrashingTask)
    (fault,) = (each for each in run.differences if each.field == "faults")
    assert "ZeroDivisionError: inside a transaction" in fault.actual


def test_a_fault_is_no_agreement_even_if_all_else_is_equal() -> None:
    class Confessing(Batched):
        def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
            crashed = targets.CrashingTask(self.rules.scheme).execute(block, storage, driver)
            return replace(super().execute(block, storage, driver), faults=crashed.faults)

    run = run_on(Confessing)
    assert (run.verdict, [each.field for each in run.differences]) == (Verdict.CRASH, ["faults"])


def test_a_late_failure_names_its_step_and_keeps_the_earlier_blocks() -> None:
    class FailsSecond(Batched):
        def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
            outcome = super().execute(block, storage, driver)
            return replace(outcome, fees=outcome.fees + (storage.nonce(ALICE) == 1))

    run = run_on(FailsSecond, TWO_BLOCKS_AND_BACK)
    assert (run.verdict, run.step, len(run.blocks)) == (Verdict.DIVERGE, 1, 2)


# Agreeing on something wrong.


def generous(execute: Execute) -> Execute:
    """Wrap a reference so that bob gets one coin more than was sent."""

    def wrong(block: Block, storage: Reader, scheme: Scheme) -> Outcome:
        outcome = execute(block, storage, scheme)
        balances = dict(outcome.changes.modified_balances)
        balances[BOB, NATIVE] += 1
        return replace(outcome, changes=replace(outcome.changes, modified_balances=balances))

    return wrong


def test_both_sides_agreeing_on_money_from_nowhere_is_a_broken_invariant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = generous(reference.execute)
    monkeypatch.setattr(reference, "execute", wrong)

    class Generous(Batched):
        def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
            return wrong(block, storage, self.rules.scheme)

    run = run_on(Generous)
    assert (run.verdict, first_field(run)) == (Verdict.INVARIANT, "supply")


def test_a_reference_that_breaks_its_own_assertion_is_a_fault_of_the_harness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> Outcome:
        raise AssertionError("debit of 2 from a balance of 1")

    monkeypatch.setattr(reference, "execute", broken)
    with pytest.raises(HarnessFault, match="debit of 2 from a balance of 1"):
        run_on(Batched)


# Paths and caches.


class Remembers(Batched):
    """Reads every block from the storage it was given first, as it was then with its own merges."""

    def __init__(self, scheme: Scheme, workers: int = 4) -> None:
        super().__init__(scheme, workers)
        self.remembered: MemoryStorage | None = None

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        if self.remembered is None:
            self.remembered = MemoryStorage(payment().state)
        return super().execute(block, self.remembered, driver)

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        assert self.remembered is not None
        self.remembered.merge(changes, self.remembered.topoheight + 1)
        super().merge(changes, storage, topoheight)


def three_blocks(*, middle_parallel: bool) -> Case:
    first, last = block(pays("t0", 0)), block(pays("t2", 2))
    return case_of(first, replace(block(pays("t1", 1)), parallel=middle_parallel), last)


def test_a_block_on_the_sequential_path_passes_the_executor_by() -> None:
    run = run_on(Batched, three_blocks(middle_parallel=False))
    assert run.verdict is Verdict.AGREE
    assert [each.executions for each in run.blocks] == [1, 0, 1]
    assert run.blocks[1].actual is None
    assert run.blocks[2].expected.changes.modified_nonces == {ALICE: 3}


def test_an_executor_that_remembers_its_own_merges_alone_is_caught_by_a_change_of_path() -> None:
    assert run_on(Remembers, three_blocks(middle_parallel=True)).verdict is Verdict.AGREE
    run = run_on(Remembers, three_blocks(middle_parallel=False))
    assert (run.verdict, run.step) == (Verdict.DIVERGE, 2)


def test_a_case_in_which_no_block_takes_the_parallel_path_does_not_agree() -> None:
    case = case_of(replace(block(pays("t0", 0)), parallel=False))
    assert run_on(Batched, case).verdict is Verdict.UNSUPPORTED


class Counting(MemoryStorage):
    """Notes whose balance is read."""

    read: ClassVar[list[bytes]] = []

    def balance(self, address: Address, asset: Asset) -> int:
        self.read.append(address)
        return super().balance(address, asset)


@pytest.mark.parametrize("warm", [True, False])
def test_warm_caches_are_those_of_every_account(warm: bool) -> None:
    payment_to_carol = replace(block(pays("t0", 0, receiver=CAROL)), warm=warm)
    Counting.read.clear()
    assert run_on(Batched, case_of(payment_to_carol), Lent(Counting)).verdict is Verdict.AGREE
    assert (BOB in Counting.read) == warm


# What storage holds afterwards.


class Lent:
    """Stores that lend out one store of a given class."""

    deadline: float | None = None

    def __init__(self, make: Callable[[State], OwnedStorage]) -> None:
        self.make = make

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        yield self.make(state)


class NeverRewinds(MemoryStorage):
    """Leaves the newest block in place."""

    def rewind(self, topoheight: int) -> None:
        """Do nothing."""


class RewindsHalf(MemoryStorage):
    """Takes the block back but keeps the nonces."""

    def rewind(self, topoheight: int) -> None:
        kept = self.nonce(ALICE)
        super().rewind(topoheight)
        self._versions.nonces[ALICE] = [(topoheight, kept)]


@pytest.mark.parametrize(
    ("storage", "field"),
    [(NeverRewinds, "stored topoheight"), (RewindsHalf, "stored state")],
)
def test_what_is_stored_after_a_rewind_is_compared(
    storage: type[MemoryStorage], field: str
) -> None:
    run = run_on(Batched, TWO_BLOCKS_AND_BACK, Lent(storage))
    assert (run.verdict, first_field(run), run.step) == (Verdict.DIVERGE, field, 2)


@pytest.mark.parametrize("storage", [NeverRewinds, RewindsHalf])
def test_a_store_that_only_fails_to_rewind_agrees_without_one(
    storage: type[MemoryStorage],
) -> None:
    case = replace(TWO_BLOCKS_AND_BACK, steps=TWO_BLOCKS_AND_BACK.steps[:2])
    assert run_on(Batched, case, Lent(storage)).verdict is Verdict.AGREE


def test_a_block_after_a_rewind_starts_from_what_the_rewind_left() -> None:
    case = replace(
        TWO_BLOCKS_AND_BACK, steps=(*TWO_BLOCKS_AND_BACK.steps, block(pays("t2", 1, amount=9)))
    )
    run = run_on(Batched, case)
    assert run.verdict is Verdict.AGREE
    last = run.blocks[-1].expected
    assert [receipt.code for receipt in last.receipts] == [Code.SUCCESS]
    assert last.changes.modified_nonces == {ALICE: 2}


def test_a_rejected_block_is_merged_as_no_change() -> None:
    case = case_of(block(pays("t0", 3), policy=Policy.ATOMIC), block(pays("t1", 0)))
    run = run_on(Batched, case)
    assert run.verdict is Verdict.AGREE
    assert run.blocks[0].expected.changes == NO_CHANGES
    assert run.blocks[1].expected.changes.modified_balances[ALICE, NATIVE] < RICH


# Drivers.


@pytest.mark.parametrize("executor", [Batched, targets.OneFeeTooMany, targets.Crashing])
def test_the_verdict_is_the_same_under_real_threads(executor: Callable[..., Executor]) -> None:
    scheduled, threaded = run_on(executor), run_on(executor, driver="threads")
    assert (scheduled.verdict, scheduled.differences) == (threaded.verdict, threaded.differences)


def test_a_run_leaves_the_case_as_it_was() -> None:
    case = payment()
    run_on(Batched, case)
    assert case == payment()


# After a wrong outcome.


def test_the_chain_goes_on_from_what_the_executor_made_of_a_block() -> None:
    """The second block is right by the state that the first one left, and is called so."""
    case = case_of(block(pays("t0", 0)), block(pays("t1", 1)))
    run = run_on(Canary, case)
    first, second = run.failures
    assert (first.step, second.step) == (0, 1)
    assert [each.where for each in second.differences] == ["alice native"]
    assert second.differences[0].expected == str(RICH - FEE - 1), "not the debit of the first one"
    assert len(first.blocks) == 1
    assert len(second.blocks) == 2
    assert run.executions == 2


def test_what_needs_a_second_block_is_met_behind_what_shows_in_the_first() -> None:
    once_more = case_of(block(pays("t0", 0)), block(pays("t1", 0)))
    run = run_on(NeverDebitsAndRepeats, once_more)
    assert ("diverge", "receipts NONCE_TOO_LOW for SUCCESS") in map(signature_of, run.failures)
    alone = run_on(ExecutedCheckAfterMerge, once_more)
    assert [signature_of(each)[1] for each in alone.failures] == [
        "receipts NONCE_TOO_LOW for SUCCESS"
    ]


@pytest.mark.parametrize("name", ["Crashing", "CrashingTask", "Waiting", "IllTyped"])
def test_where_nothing_was_made_of_a_block_the_case_ends(name: str) -> None:
    run = run_on(getattr(targets, name), TWO_BLOCKS_AND_BACK)
    assert run.further == ()
    assert len(run.blocks) == 1


def test_what_follows_a_failure_is_no_expectation_for_a_correct_executor() -> None:
    case = case_of(block(pays("t0", 0)), block(pays("t1", 1)))
    second = run_on(Canary, case).failures[1]
    assert len(expected_documents(second)) == 1
