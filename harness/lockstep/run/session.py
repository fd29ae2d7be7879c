"""Runs one case by the oracle and on what is under test, over the same storage.

After a wrong outcome the chain goes on from what the executor itself made of the block, so that
what takes a further block is met, too.

Invariant: ``agree`` means that every block of the parallel path was executed by both sides, every
compared field was equal, no invariant was broken, and the stored state after each merge and rewind
was the expected one; what a comparison leaves out is told beside it. Anything less has another
name, and so has a case of blocks of which none took the parallel path.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Generic

from lockstep.case.judging import EXACTLY
from lockstep.case.realise import realise
from lockstep.case.values import (
    BlockStep,
    Case,
    MergeDies,
    MergeFails,
    Onlooker,
    PlannedFault,
    ReadsFail,
    RewindStep,
    Step,
)
from lockstep.compare.left_out import still_different, without_left_out
from lockstep.compare.outcomes import can_be_merged, compare_outcomes, well_typed
from lockstep.compare.states import compare_states
from lockstep.faults import HarnessFault, UsageError
from lockstep.foreign.text import error_text
from lockstep.run.ask import Asked, W, ask, ask_to_merge, judge
from lockstep.run.drivers import AskedBlock, Ways, execute_in, what_was_seen
from lockstep.run.expected import ExpectedChain
from lockstep.run.history import Following, ask_to_rewind
from lockstep.run.outside_faults import (
    Watcher,
    dying,
    expected_of_the_others,
    failing,
    with_faults_alike,
)
from lockstep.run.result import NOT_FORESEEN, OUT_OF_REACH, BlockRun, Run, StepFailure
from lockstep.run.standard import BY_REFERENCE, Standard
from lockstep.run.stores import Stores
from lockstep.run.unreadable import UnreadableReader
from lockstep.run.watchdog import TimeOver, executing
from lockstep.schedules.dpor import Redundant
from lockstep.undisturbed import was_asked
from lockstep.verdict import Difference, NoOutcome, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import NATIVE, State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.access import SHARED, Access, open_access
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import OwnedStorage, Reader
from lockstep_parallel.steps.drivers.protocol import Hang


def run_case(
    case: Case,
    asked: Asked[W],
    ways: Ways[W],
    stores: Stores,
    access: str = SHARED,
    standard: Standard = BY_REFERENCE,
) -> Run:
    """Run ``case`` step by step until all are done, or one fails so that nothing can follow.

    The oracle of ``standard`` is given the states that the session holds; what is asked reads the
    storage, and merges into it, in the mode ``access``.

    Raises ``HarnessFault`` when the reference or the storage breaks: that is no verdict, unless
    the storage is under test. Then an exception of it, or one that never comes, is a failure.
    """
    session = _Session(case, asked, ways, standard)
    if stores.deadline is None:
        return session.run(stores, access, nullcontext)
    try:
        return session.run(stores, access, partial(executing, stores.deadline))
    except (TimeOver, HarnessFault, UsageError, Redundant):
        raise
    except Hang as error:
        return session.ended(StepFailure.of(Verdict.HANG, "storage hang", error_text(error)))
    except BaseException as error:
        if was_asked(error):
            raise
        where = f"storage {type(error).__name__}"
        return session.ended(StepFailure.of(Verdict.CRASH, where, error_text(error)))


class _Session(Generic[W]):
    """One case in progress: its storage and the expected state after each block."""

    _storage: OwnedStorage
    _access: Access
    _merged = False

    def __init__(self, case: Case, asked: Asked[W], ways: Ways[W], standard: Standard) -> None:
        self._case = case
        self._asked = asked
        self._ways = ways
        self._judging = standard.judging
        self._chain = ExpectedChain(case.state, case.scheme, standard.oracle)
        for each in (asked, standard.oracle):
            if isinstance(each, Following):
                each.follow(case, self._chain)
        self._blocks: list[BlockRun] = []
        self._number: int | None = None
        self._not_compared: dict[str, None] = {}
        self._failures: list[Run] = []

    def run(
        self, stores: Stores, access: str, limit: Callable[[], AbstractContextManager[None]]
    ) -> Run:
        """Take the steps, and what is around them, within ``limit``."""
        with limit(), stores.holding(self._case.state) as storage:
            self._storage, self._access = storage, open_access(access, storage)
            for number, step in enumerate(self._case.steps):
                self._number = number
                with limit():
                    failure = self.take(step)
                    if failure is None:
                        continue
                    if failure.verdict is Verdict.UNSUPPORTED and self._failures:
                        break
                    self._failures.append(failure.ends(tuple(self._blocks), number))
                    if not self._goes_on(step, failure):
                        break
        return self._failed() if self._failures else self.end()

    def ended(self, failure: StepFailure) -> Run:
        """Return the run that ``failure`` ends at the step that is under way."""
        self._failures.append(failure.ends(tuple(self._blocks), self._number))
        return self._failed()

    def _failed(self) -> Run:
        first, *further = self._failures
        return replace(first, further=tuple(further))

    def _goes_on(self, step: Step, failure: StepFailure) -> bool:
        """Put the chain on the state that the executor itself made of a block, if it made one."""
        wrong = failure.verdict in (Verdict.DIVERGE, Verdict.SELF_DIVERGE, Verdict.INVARIANT)
        plain = isinstance(step, BlockStep) and step.parallel and step.fault is None
        if not wrong or not plain or step is self._case.steps[-1]:
            return False
        actual = self._blocks[-1].actual
        if actual is None or not can_be_merged(actual):
            return False
        if not self._merged:
            self._chain.add(self._chain.newest)
            if self._merge(actual) is not None:
                return False
        if self._storage.topoheight != self._chain.blocks:
            return False
        self._chain.rewind(1)
        self._chain.add(self._storage.export())
        return True

    def take(self, step: Step) -> StepFailure | None:
        """Take one step of the case; where the oracle gives no outcome, that ends it."""
        if isinstance(step, RewindStep):
            return self.rewind(step)
        block = realise(step, self._case.scheme, self._chain.blocks)
        try:
            expected = self._chain.outcome(block)
        except NoOutcome as error:
            return StepFailure(error.verdict, error.differences)
        return self.execute(step, block, expected)

    def end(self) -> Run:
        """Return the run of a case all of whose steps are done."""
        blocks = tuple(self._blocks)
        if blocks and not any(block.executions for block in blocks):
            none = StepFailure.of(Verdict.UNSUPPORTED, "path", "no block took the parallel one")
            return none.ends(blocks, None)
        ignored = (f"{each}, left out" for each in self._judging.ignored)
        return Run(Verdict.AGREE, (), blocks, not_compared=(*ignored, *self._not_compared))

    def execute(self, step: BlockStep, block: Block, expected: Outcome) -> StepFailure | None:
        """Execute a block whose outcome is known, compare, merge, compare the stored state."""
        self._merged = False
        before = self._chain.newest
        if step.warm:
            _read_everything(before, self._access.reader)
        after = self._chain.after(expected)
        ids = tuple(intent.id for intent in step.transactions)
        ran = partial(BlockRun, ids, block, before, expected, after, own=bool(self._failures))
        if not step.parallel:
            self._blocks.append(ran(None, (), 0))
            return self._apply(expected, after)
        fault = self._reachable(step.fault)
        if isinstance(fault, ReadsFail):
            actual, failure = self._while_unreadable(block, before, fault)
            if failure is not None:
                self._blocks.append(ran(actual, (), 1))
                return failure
        dry = self._dry_runs(step, block, before, expected)
        if dry is not None:
            actual, failure, times = dry
            self._blocks.append(ran(actual, (), times))
            return failure
        watcher = Watcher(self._storage, before) if isinstance(fault, Onlooker) else None
        question = AskedBlock(
            self._asked, self._access.reader, block, before, expected, self._judging
        )
        executions, last = execute_in(self._ways(ids), question, watcher)
        executions += isinstance(fault, ReadsFail) + step.dry_runs
        self._blocks.append(ran(last.actual, last.trace, executions, last.manner))
        if last.failure is not None or last.actual is None:
            return last.failure or StepFailure.of(Verdict.UNSUPPORTED, "driver", "none was given")
        self._chain.add(self._agreed(expected, last.actual, after))
        self._merged = True
        if watcher is not None:
            return self._merge_watched(last.actual, watcher)
        if isinstance(fault, MergeDies):
            return self._merge_dying(last.actual, fault.after)
        if isinstance(fault, MergeFails):
            return self._merge_failing(last.actual)
        return self._merge(last.actual) or self._check_stored()

    def rewind(self, step: RewindStep) -> StepFailure | None:
        """Take back blocks in the storage and compare what is left."""
        self._chain.rewind(step.blocks)
        self._access.storage.rewind(self._chain.blocks)
        return ask_to_rewind(self._asked, step.blocks) or self._check_stored()

    def _dry_runs(
        self, step: BlockStep, block: Block, before: State, expected: Outcome
    ) -> tuple[Outcome | None, StepFailure, int] | None:
        """Execute a block that is not merged; return how it went wrong, None if it did not."""
        for times in range(1, step.dry_runs + 1):
            reader, plain = self._access.reader, self._asked.plain()
            actual, failure = ask(self._asked, block, before, reader, plain)
            if actual is not None:
                failure = judge(block, before, expected, actual, self._judging)
            if failure is not None:
                return actual, failure, times
        return None

    def _reachable(self, fault: PlannedFault | None) -> PlannedFault | None:
        """Return ``fault``, unless it cannot reach what is asked, or nobody can judge it."""
        foreseen = self._judging == EXACTLY or not isinstance(fault, ReadsFail)
        if fault is None or (self._asked.reads_storage and foreseen):
            return fault
        self._not_compared[NOT_FORESEEN if self._asked.reads_storage else OUT_OF_REACH] = None
        return None

    def _agreed(self, expected: Outcome, actual: Outcome, after: State) -> State:
        """Return the state after an outcome that was judged right, and note what that leaves out.

        Where something is left out, the chain goes on from what the target says.
        """
        _, words = without_left_out(expected, actual, self._judging)
        self._not_compared |= dict.fromkeys(words)
        return after if actual.changes == expected.changes else self._chain.after(actual)

    def _apply(self, expected: Outcome, after: State) -> StepFailure | None:
        """Commit the reference's outcome, as a node does on its sequential path."""
        self._chain.add(after)
        self._access.storage.merge(expected.changes, self._chain.blocks)
        return self._check_stored()

    def _merge(self, actual: Outcome) -> StepFailure | None:
        topoheight = self._chain.blocks
        failure = ask_to_merge(self._asked, actual.changes, self._access.storage, topoheight)
        if failure is None or failure.verdict is not Verdict.DIVERGE or not self._judging.ignored:
            return failure
        left = still_different(failure.differences, self._judging)
        return StepFailure(failure.verdict, left) if left else None

    def _merge_watched(self, actual: Outcome, watcher: Watcher) -> StepFailure | None:
        """Merge with a look before every write: up to the merge the state is the one before it."""
        with watcher.before_writes():
            failure = self._merge(actual)
        return failure or what_was_seen(watcher) or self._check_stored()

    def _merge_dying(self, actual: Outcome, after: int) -> StepFailure | None:
        """Let the first merge die; what is stored then is all of it or nothing, and goes on."""
        with dying(self._storage, after) as writes:
            failure = self._merge(actual)
        if len(writes) <= after:
            return failure or self._check_stored()
        missing = self._check_stored()
        if missing is None:
            return None
        merged = self._chain.newest
        self._chain.rewind(1)
        left = self._check_stored()
        self._chain.add(merged)
        if left is not None:
            return missing if self._storage.topoheight == self._chain.blocks else left
        return self._merge(actual) or self._check_stored()

    def _merge_failing(self, actual: Outcome) -> StepFailure | None:
        """Let the merge fail: it must say so, and the block is as if it had never been."""
        with failing(self._storage) as writes:
            failure = self._merge(actual)
        if not writes:
            return failure or self._check_stored()
        self._chain.rewind(1)
        if failure is None:
            told = Difference("merge", "", "an error", "nothing, though it was not written")
            return StepFailure(Verdict.DIVERGE, (told,))
        return self._check_stored()

    def _while_unreadable(
        self, block: Block, before: State, fault: ReadsFail
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Execute a block while storage cannot read some of it; only what needs it may suffer."""
        scheme = SCHEMES[self._case.scheme]
        unread = fault.account, fault.column, fault.asset
        held = UnreadableReader(MemoryStorage(before), *unread)
        expected = expected_of_the_others(block, held, scheme)
        reader = UnreadableReader(self._access.reader, *unread)
        actual, failure = ask(self._asked, block, before, reader, self._asked.plain())
        if actual is None:
            raised = failure is not None and failure.verdict is Verdict.CRASH
            return actual, None if raised and expected.may_raise else failure
        if expected.outcome is None:
            return actual, _failure_unmet("an exception")
        told = with_faults_alike(actual) if well_typed(actual) else actual
        differences = compare_outcomes(expected.outcome, told)
        if differences:
            return actual, StepFailure(Verdict.DIVERGE, differences)
        return actual, self._check_stored()

    def _check_stored(self) -> StepFailure | None:
        expected, found = self._chain.blocks, self._storage.topoheight
        if found != expected:
            height = Difference("stored topoheight", "", str(expected), str(found))
            return StepFailure(Verdict.DIVERGE, (height,))
        differences = compare_states(self._chain.newest, self._storage.export())
        return StepFailure(Verdict.DIVERGE, differences) if differences else None


def _failure_unmet(expected: str) -> StepFailure:
    return StepFailure(Verdict.DIVERGE, (Difference("executor", "answer", expected, "an outcome"),))


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
