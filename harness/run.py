"""Runs one case on the reference and on the executor under test, over the same storage.

Invariant: ``agree`` means that every block of the parallel path was executed by both sides, every
compared field was equal, no invariant was broken, and the stored state after each merge and rewind
was the expected one. Anything less has another name, and so has a case of blocks of which none took
the parallel path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias, runtime_checkable

import reference.block
from harness.case.realise import realise
from harness.case.values import (
    BlockStep,
    Case,
    MergeDies,
    Onlooker,
    PlannedFault,
    ReadsFail,
    RewindStep,
)
from harness.compare import compare_outcomes, well_typed
from harness.faults import HarnessFault
from harness.injection import (
    Watcher,
    dying,
    expected_of_the_others,
    unreadable,
    with_faults_alike,
)
from harness.invariants import broken_invariants
from harness.outside.manner import Manner
from harness.post_state import post_state
from harness.schedules.deviations import task_name
from harness.schedules.dpor import Redundant
from harness.state_difference import compare_states
from harness.stores import Stores
from harness.verdict import Difference, NoOutcome, Verdict
from ledger.block import Block
from ledger.model import NATIVE, Address, ModelError, State
from ledger.outcome import Outcome
from ledger.schemes import SCHEMES
from ledger.storage.access import SHARED, Access, open_access
from ledger.storage.protocol import OwnedStorage, Reader
from parallel.drivers.protocol import Driver, Hang
from parallel.drivers.scheduled import Pending, Scheduled
from parallel.interface import Executor

OUT_OF_REACH = "faults of storage that the executor does not read"

Driving: TypeAlias = Callable[[tuple[str, ...]], Iterator[Driver]]
"""Gives the drivers under which to execute a block, whose transactions have these ids, one by one:
the next is asked for when the block was executed under the one before and both sides agreed."""


@dataclass(frozen=True, slots=True)
class BlockRun:
    """One executed block: what the reference says, and what the executor said if it answered.

    ``actual`` and ``trace`` belong to the last of ``executions`` executions, which is the failing
    one if there is one; the trace is empty under real threads. Of an executor outside they belong
    to the first execution that failed, and ``manner`` says how that was asked for. On the
    sequential path there is no execution and no ``actual``.
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


def _failed(failure: _Failure, blocks: tuple[BlockRun, ...], step: int | None) -> Run:
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
    if session.blocks and not any(block.executions for block in session.blocks):
        none = _failure(Verdict.UNSUPPORTED, "path", "no block took the parallel one")
        return _failed(none, tuple(session.blocks), None)
    return Run(Verdict.AGREE, (), tuple(session.blocks), not_compared=tuple(session.not_compared))


class _Session:
    """One case in progress: its storage and the expected state after each block."""

    def __init__(
        self,
        case: Case,
        executor: Executor,
        driving: Driving,
        storage: OwnedStorage,
        access: Access,
    ) -> None:
        self.blocks: list[BlockRun] = []
        self._case = case
        self._executor = executor
        self._driving = driving
        self._storage = storage
        self._access = access
        self._states = [case.state]
        self.not_compared: dict[str, None] = {}

    def execute(self, step: BlockStep) -> _Failure | None:
        """Execute a block on both sides, compare, merge, compare the stored state."""
        before = self._states[-1]
        if step.warm:
            _read_everything(before, self._access.reader)
        block = realise(step, self._case.scheme)
        expected = self._reference(block)
        after = post_state(before, expected.changes)
        ids = tuple(intent.id for intent in step.transactions)
        if not step.parallel:
            self.blocks.append(BlockRun(ids, block, before, expected, after, None, (), 0))
            return self._apply(expected, after)
        fault = self._reachable(step.fault)
        if isinstance(fault, ReadsFail):
            actual, failure = self._while_unreadable(block, before, fault.account)
            if failure is not None:
                self.blocks.append(BlockRun(ids, block, before, expected, after, actual, (), 1))
                return failure
        watcher = Watcher(self._storage, before) if isinstance(fault, Onlooker) else None
        executions, last = self._under_drivers(block, before, expected, ids, watcher)
        self.blocks.append(
            BlockRun(
                ids,
                block,
                before,
                expected,
                after,
                last.actual,
                last.trace,
                executions + isinstance(fault, ReadsFail),
                last.manner,
            )
        )
        if last.failure is not None or last.actual is None:
            return last.failure or _failure(Verdict.UNSUPPORTED, "driver", "none was given")
        self._states.append(after)
        if watcher is not None:
            return self._merge_watched(last.actual, watcher)
        if isinstance(fault, MergeDies):
            return self._merge_dying(last.actual, fault.after)
        return self._merge(last.actual) or self._check_stored()

    def _reachable(self, fault: PlannedFault | None) -> PlannedFault | None:
        """Return ``fault``, unless the executor is where no fault of this storage can reach it."""
        if fault is None or not isinstance(self._executor, Holding):
            return fault
        self.not_compared[OUT_OF_REACH] = None
        return None

    def rewind(self, step: RewindStep) -> _Failure | None:
        """Take back blocks in the storage and compare what is left."""
        kept = len(self._states) - step.blocks
        if kept < 1:
            raise ModelError(f"a rewind by {step.blocks} where there are fewer blocks")
        del self._states[kept:]
        self._access.storage.rewind(kept - 1)
        return self._check_stored()

    def _under_drivers(
        self,
        block: Block,
        before: State,
        expected: Outcome,
        ids: tuple[str, ...],
        watcher: Watcher | None,
    ) -> tuple[int, _Executed]:
        """Execute a block under one driver after another until one fails.

        An executor outside goes on after a divergence: whether it differs from itself, too, shows
        only when it has answered in every manner.
        """
        executions, last = 0, _Executed()
        answered: list[_Executed] = []
        for driver in self._driving(ids):
            if watcher is not None:
                watcher.beside(driver)
            try:
                actual, failure = self._execute(block, before, driver, self._access.reader)
            except Redundant:
                continue
            executions += 1
            if actual is not None:
                failure = _judge(block, before, expected, actual)
            if failure is None and watcher is not None:
                failure = _what_was_seen(watcher)
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

    def _apply(self, expected: Outcome, after: State) -> _Failure | None:
        """Commit the reference's outcome, as a node does on its sequential path."""
        self._states.append(after)
        self._access.storage.merge(expected.changes, len(self._states) - 1)
        return self._check_stored()

    def _reference(self, block: Block) -> Outcome:
        try:
            return reference.block.execute(block, self._storage, SCHEMES[self._case.scheme])
        except Exception as error:
            raise HarnessFault(
                f"the reference failed on a block: {type(error).__name__}: {error}"
            ) from error

    def _execute(
        self, block: Block, before: State, driver: Driver, reader: Reader
    ) -> tuple[Outcome | None, _Failure | None]:
        try:
            if isinstance(self._executor, Holding):
                self._executor.hold(before)
            answer: object = self._executor.execute(block, reader, driver)
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
        return None

    def _merge_watched(self, actual: Outcome, watcher: Watcher) -> _Failure | None:
        """Merge with a look before every write: up to the merge the state is the one before it."""
        with watcher.before_writes():
            failure = self._merge(actual)
        return failure or _what_was_seen(watcher) or self._check_stored()

    def _merge_dying(self, actual: Outcome, after: int) -> _Failure | None:
        """Let the first merge die; what is stored then is all of it or nothing, and goes on."""
        with dying(self._storage, after) as writes:
            failure = self._merge(actual)
        if len(writes) <= after:
            return failure or self._check_stored()
        missing = self._check_stored()
        if missing is None:
            return None
        merged = self._states.pop()
        left = self._check_stored()
        self._states.append(merged)
        if left is not None:
            return missing if self._storage.topoheight == len(self._states) - 1 else left
        return self._merge(actual) or self._check_stored()

    def _while_unreadable(
        self, block: Block, before: State, account: Address
    ) -> tuple[Outcome | None, _Failure | None]:
        """Execute a block while ``account`` cannot be read; only what needs it may suffer."""
        scheme = SCHEMES[self._case.scheme]
        expected = expected_of_the_others(block, unreadable(self._storage, account), scheme)
        reader = unreadable(self._access.reader, account)
        actual, failure = self._execute(block, before, Scheduled(), reader)
        if actual is None:
            raised = failure is not None and failure.verdict is Verdict.CRASH
            return actual, None if raised and expected.may_raise else failure
        if expected.outcome is None:
            return actual, _failure_unmet("an exception")
        told = with_faults_alike(actual) if well_typed(actual) else actual
        differences = compare_outcomes(expected.outcome, told)
        if differences:
            return actual, _Failure(Verdict.DIVERGE, differences)
        return actual, self._check_stored()

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


def _failure_unmet(expected: str) -> _Failure:
    return _Failure(Verdict.DIVERGE, (Difference("executor", "answer", expected, "an outcome"),))


def _what_was_seen(watcher: Watcher) -> _Failure | None:
    return _Failure(Verdict.DIVERGE, watcher.seen) if watcher.seen else None


def _read_everything(state: State, reader: Reader) -> None:
    """Read what ``state`` holds through ``reader``, whose caches then hold it too."""
    reader.chain()
    for address, account in state.accounts.items():
        reader.exists(address)
        reader.nonce(address)
        reader.multisig(address)
        reader.energy(address)
        for asset in (NATIVE, *account.balances):
            reader.balance(address, asset)


def was_open() -> bool:
    """Stand in for a guard that was open when its step was taken."""
    return True


def _kept(step: Pending) -> Pending:
    """Return ``step`` without its guard, which belongs to the executor's own objects."""
    if step.operation.guard is None:
        return step
    return step._replace(operation=step.operation._replace(guard=was_open))
