"""Runs one case on the reference and on the executor under test, over the same storage.

Invariant: ``agree`` means that every block of the parallel path was executed by both sides, every
compared field was equal, no invariant was broken, and the stored state after each merge and rewind
was the expected one. Anything less has another name, and so has a case of blocks of which none took
the parallel path.
"""

from __future__ import annotations

from lockstep.case.realise import realise
from lockstep.case.values import (
    BlockStep,
    Case,
    MergeDies,
    Onlooker,
    PlannedFault,
    ReadsFail,
    RewindStep,
)
from lockstep.compare.outcomes import compare_outcomes, well_typed
from lockstep.compare.post_state import post_state
from lockstep.compare.states import compare_states
from lockstep.faults import HarnessFault
from lockstep.run.ask import Holding, ask, ask_to_merge
from lockstep.run.drivers import Asked, Driving, execute_under, what_was_seen
from lockstep.run.outside_faults import (
    Watcher,
    dying,
    expected_of_the_others,
    unreadable,
    with_faults_alike,
)
from lockstep.run.result import OUT_OF_REACH, BlockRun, Failure, Run
from lockstep.run.stores import Stores
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import NATIVE, Address, ModelError, State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.access import SHARED, Access, open_access
from lockstep_ledger.storage.protocol import OwnedStorage, Reader
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from lockstep_reference import block as reference


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
                return failure.ends(tuple(session.blocks), number)
    if session.blocks and not any(block.executions for block in session.blocks):
        none = Failure.of(Verdict.UNSUPPORTED, "path", "no block took the parallel one")
        return none.ends(tuple(session.blocks), None)
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

    def execute(self, step: BlockStep) -> Failure | None:
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
        executions, last = execute_under(
            self._driving(ids),
            Asked(self._executor, self._access.reader, block, before, expected),
            watcher,
        )
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
            return last.failure or Failure.of(Verdict.UNSUPPORTED, "driver", "none was given")
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

    def rewind(self, step: RewindStep) -> Failure | None:
        """Take back blocks in the storage and compare what is left."""
        kept = len(self._states) - step.blocks
        if kept < 1:
            raise ModelError(f"a rewind by {step.blocks} where there are fewer blocks")
        del self._states[kept:]
        self._access.storage.rewind(kept - 1)
        return self._check_stored()

    def _apply(self, expected: Outcome, after: State) -> Failure | None:
        """Commit the reference's outcome, as a node does on its sequential path."""
        self._states.append(after)
        self._access.storage.merge(expected.changes, len(self._states) - 1)
        return self._check_stored()

    def _reference(self, block: Block) -> Outcome:
        try:
            return reference.execute(block, self._storage, SCHEMES[self._case.scheme])
        except Exception as error:
            raise HarnessFault(
                f"the reference failed on a block: {type(error).__name__}: {error}"
            ) from error

    def _merge(self, actual: Outcome) -> Failure | None:
        topoheight = len(self._states) - 1
        return ask_to_merge(self._executor, actual.changes, self._access.storage, topoheight)

    def _merge_watched(self, actual: Outcome, watcher: Watcher) -> Failure | None:
        """Merge with a look before every write: up to the merge the state is the one before it."""
        with watcher.before_writes():
            failure = self._merge(actual)
        return failure or what_was_seen(watcher) or self._check_stored()

    def _merge_dying(self, actual: Outcome, after: int) -> Failure | None:
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
    ) -> tuple[Outcome | None, Failure | None]:
        """Execute a block while ``account`` cannot be read; only what needs it may suffer."""
        scheme = SCHEMES[self._case.scheme]
        expected = expected_of_the_others(block, unreadable(self._storage, account), scheme)
        reader = unreadable(self._access.reader, account)
        actual, failure = ask(self._executor, block, before, Scheduled(), reader)
        if actual is None:
            raised = failure is not None and failure.verdict is Verdict.CRASH
            return actual, None if raised and expected.may_raise else failure
        if expected.outcome is None:
            return actual, _failure_unmet("an exception")
        told = with_faults_alike(actual) if well_typed(actual) else actual
        differences = compare_outcomes(expected.outcome, told)
        if differences:
            return actual, Failure(Verdict.DIVERGE, differences)
        return actual, self._check_stored()

    def _check_stored(self) -> Failure | None:
        expected, found = len(self._states) - 1, self._storage.topoheight
        if found != expected:
            height = Difference("stored topoheight", "", str(expected), str(found))
            return Failure(Verdict.DIVERGE, (height,))
        differences = compare_states(self._states[-1], self._storage.export())
        return Failure(Verdict.DIVERGE, differences) if differences else None


def _failure_unmet(expected: str) -> Failure:
    return Failure(Verdict.DIVERGE, (Difference("executor", "answer", expected, "an outcome"),))


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
