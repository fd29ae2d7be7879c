"""Runs one case on the reference and on the executor under test, over the same storage.

Invariant: ``agree`` means that every block was executed by both sides, every compared field was
equal, no invariant was broken, and the stored state after each merge and rewind was the expected
one. Anything less has another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias, runtime_checkable

import reference.block
from harness.case.realise import realise
from harness.case.values import BlockStep, Case, RewindStep
from harness.compare import compare_outcomes
from harness.faults import HarnessFault
from harness.invariants import broken_invariants
from harness.outside.manner import Manner
from harness.post_state import post_state
from harness.schedules.deviations import task_name
from harness.schedules.dpor import Redundant
from harness.state_difference import compare_states
from harness.stores import Stores
from harness.verdict import Difference, NoOutcome, Verdict
from ledger.block import Block
from ledger.model import ModelError, State
from ledger.outcome import Outcome
from ledger.schemes import SCHEMES
from ledger.storage.access import SHARED, Access, open_access
from ledger.storage.protocol import Storage
from parallel.drivers.protocol import Driver, Hang
from parallel.drivers.scheduled import Pending, Scheduled
from parallel.interface import Executor

Driving: TypeAlias = Callable[[tuple[str, ...]], Iterator[Driver]]
"""Gives the drivers under which to execute a block, whose transactions have these ids, one by one:
the next is asked for when the block was executed under the one before and both sides agreed."""


@dataclass(frozen=True, slots=True)
class BlockRun:
    """One executed block: what the reference says, and what the executor said if it answered.

    ``actual`` and ``trace`` belong to the last of ``executions`` executions, which is the failing
    one if there is one; the trace is empty under real threads. Of an executor outside they belong
    to the first execution that failed, and ``manner`` says how that was asked for.
    """

    ids: tuple[str, ...]
    block: Block
    before: State
    expected: Outcome
    expected_state: State
    actual: Outcome | None
    trace: tuple[Pending, ...]
    executions: int
    manner: Manner | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """How a case ended; ``step`` is the step that decided a verdict other than agree.

    ``not_compared`` says in words what the executor could not be asked for: of an unsupported run
    the reason, of any other what its verdict does not speak of.
    """

    verdict: Verdict
    differences: tuple[Difference, ...]
    blocks: tuple[BlockRun, ...]
    step: int | None = None
    not_compared: tuple[str, ...] = ()

    @property
    def executions(self) -> int:
        """Count the executions of blocks on the executor under test."""
        return sum(block.executions for block in self.blocks)

    def why_unsupported(self) -> tuple[str, ...]:
        """Return the reasons of an unsupported run, in words."""
        return self.not_compared or tuple(
            f"{each.where}: {each.actual}" for each in self.differences
        )

    def trace(self) -> tuple[tuple[str, str], ...]:
        """Return every step of the last executions, as (transaction id, label)."""
        return tuple(
            (task_name(step.task, block.ids), step.operation.label)
            for block in self.blocks
            for step in block.trace
        )


@dataclass(frozen=True, slots=True)
class _Failure:
    verdict: Verdict
    differences: tuple[Difference, ...]


def _failed(failure: _Failure, blocks: tuple[BlockRun, ...], step: int) -> Run:
    """Return the run that ``failure`` ended; what is unsupported differs in nothing."""
    if failure.verdict is Verdict.UNSUPPORTED:
        reasons = tuple(f"{each.where}: {each.actual}" for each in failure.differences)
        return Run(failure.verdict, (), blocks, step, reasons)
    return Run(failure.verdict, failure.differences, blocks, step)


@dataclass(frozen=True, slots=True)
class _Executed:
    """One execution of a block: what the executor answered, how it was judged, how it went."""

    actual: Outcome | None = None
    failure: _Failure | None = None
    trace: tuple[Pending, ...] = ()
    manner: Manner | None = None


@runtime_checkable
class Holding(Protocol):
    """An executor that holds the state itself and is told which one a block starts from."""

    def hold(self, before: State) -> None:
        """Name the state on which the next block is executed."""
        ...


def run_case(
    case: Case, executor: Executor, driving: Driving, stores: Stores, access: str = SHARED
) -> Run:
    """Run ``case`` step by step until a step fails or all are done.

    The reference reads the storage itself; the executor reads and merges in the mode ``access``.

    Raises ``HarnessFault`` when the reference or the storage breaks: that is no verdict.
    """
    with stores.holding(case.state) as storage:
        session = _Session(case, executor, driving, storage, open_access(access, storage))
        for number, step in enumerate(case.steps):
            if isinstance(step, RewindStep):
                failure = session.rewind(step)
            else:
                failure = session.execute(step)
            if failure is not None:
                return _failed(failure, tuple(session.blocks), number)
    return Run(Verdict.AGREE, (), tuple(session.blocks))


class _Session:
    """One case in progress: its storage and the expected state after each block."""

    def __init__(
        self,
        case: Case,
        executor: Executor,
        driving: Driving,
        storage: Storage,
        access: Access,
    ) -> None:
        self.blocks: list[BlockRun] = []
        self._case = case
        self._executor = executor
        self._driving = driving
        self._storage = storage
        self._access = access
        self._states = [case.state]

    def execute(self, step: BlockStep) -> _Failure | None:
        """Execute a block on both sides, compare, merge, compare the stored state."""
        before = self._states[-1]
        block = realise(step, self._case.scheme)
        expected = self._reference(block)
        after = post_state(before, expected.changes)
        ids = tuple(intent.id for intent in step.transactions)
        executions, last = self._under_drivers(block, before, expected, ids)
        self.blocks.append(
            BlockRun(
                ids,
                block,
                before,
                expected,
                after,
                last.actual,
                last.trace,
                executions,
                last.manner,
            )
        )
        if last.failure is not None or last.actual is None:
            return last.failure or _failure(Verdict.UNSUPPORTED, "driver", "none was given")
        self._states.append(after)
        return self._merge(last.actual)

    def rewind(self, step: RewindStep) -> _Failure | None:
        """Take back blocks in the storage and compare what is left."""
        kept = len(self._states) - step.blocks
        if kept < 1:
            raise ModelError(f"a rewind by {step.blocks} where there are fewer blocks")
        del self._states[kept:]
        self._access.storage.rewind(kept - 1)
        return self._check_stored()

    def _under_drivers(
        self, block: Block, before: State, expected: Outcome, ids: tuple[str, ...]
    ) -> tuple[int, _Executed]:
        """Execute a block under one driver after another until one fails.

        An executor outside goes on after a divergence: whether it differs from itself, too, shows
        only when it has answered in every manner.
        """
        executions, last = 0, _Executed()
        answered: list[_Executed] = []
        for driver in self._driving(ids):
            try:
                actual, failure = self._execute(block, before, driver)
            except Redundant:
                continue
            executions += 1
            if actual is not None:
                failure = _judge(block, before, expected, actual)
            last = _Executed(actual, failure, *_how(driver))
            if last.manner is not None and actual is not None:
                answered.append(last)
                if failure is None or failure.verdict is Verdict.DIVERGE:
                    continue
            if failure is not None:
                break
        else:
            last = _settled(answered) or last
        return executions, last

    def _reference(self, block: Block) -> Outcome:
        try:
            return reference.block.execute(block, self._storage, SCHEMES[self._case.scheme])
        except Exception as error:
            raise HarnessFault(
                f"the reference failed on a block: {type(error).__name__}: {error}"
            ) from error

    def _execute(
        self, block: Block, before: State, driver: Driver
    ) -> tuple[Outcome | None, _Failure | None]:
        try:
            if isinstance(self._executor, Holding):
                self._executor.hold(before)
            answer: object = self._executor.execute(block, self._access.reader, driver)
        except (Redundant, KeyboardInterrupt, HarnessFault):
            raise
        except NoOutcome as error:
            return None, _Failure(error.verdict, error.differences)
        except Hang as error:
            return None, _failure(Verdict.HANG, "hang", str(error))
        except BaseException as error:
            return None, _failure(Verdict.CRASH, type(error).__name__, str(error))
        if not isinstance(answer, Outcome):
            return None, _failure(Verdict.PROTOCOL_ERROR, "answer", f"a {type(answer).__name__}")
        return answer, None

    def _merge(self, actual: Outcome) -> _Failure | None:
        try:
            self._executor.merge(actual.changes, self._access.storage, len(self._states) - 1)
        except (KeyboardInterrupt, HarnessFault):
            raise
        except NoOutcome as error:
            return _Failure(error.verdict, error.differences)
        except BaseException as error:
            return _failure(Verdict.CRASH, f"merge {type(error).__name__}", str(error))
        return self._check_stored()

    def _check_stored(self) -> _Failure | None:
        expected, found = len(self._states) - 1, self._storage.topoheight
        if found != expected:
            height = Difference("stored topoheight", "", str(expected), str(found))
            return _Failure(Verdict.DIVERGE, (height,))
        differences = compare_states(self._states[-1], self._storage.export())
        return _Failure(Verdict.DIVERGE, differences) if differences else None


def _judge(block: Block, before: State, expected: Outcome, actual: Outcome) -> _Failure | None:
    differences = compare_outcomes(expected, actual)
    if actual.faults:
        return _Failure(Verdict.CRASH, differences)
    if differences:
        return _Failure(Verdict.DIVERGE, differences)
    broken = broken_invariants(block, before, actual)
    return _Failure(Verdict.INVARIANT, broken) if broken else None


def _how(driver: Driver) -> tuple[tuple[Pending, ...], Manner | None]:
    if isinstance(driver, Manner):
        return (), driver
    return (tuple(map(_kept, driver.trace)) if isinstance(driver, Scheduled) else ()), None


def _settled(answered: list[_Executed]) -> _Executed | None:
    """Return the execution that decides a block: a failing one, marked if not all were alike."""
    failing = next((each for each in answered if each.failure is not None), None)
    if failing is None or failing.failure is None:
        return None
    other = next((each for each in answered if each.actual != failing.actual), None)
    if other is None:
        return failing
    right = "as the reference" if other.failure is None else "in another way"
    with_itself = Difference("itself", str(failing.manner), f"{right} ({other.manner})", "differs")
    differences = (*failing.failure.differences, with_itself)
    return replace(failing, failure=_Failure(Verdict.SELF_DIVERGE, differences))


def _failure(verdict: Verdict, where: str, text: str) -> _Failure:
    return _Failure(verdict, (Difference("executor", where, "an outcome", text),))


def was_open() -> bool:
    """Stand in for a guard that was open when its step was taken."""
    return True


def _kept(step: Pending) -> Pending:
    """Return ``step`` without its guard, which belongs to the executor's own objects."""
    if step.operation.guard is None:
        return step
    return step._replace(operation=step.operation._replace(guard=was_open))
