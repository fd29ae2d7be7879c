"""A program in the place of an executor: it is given a state, a block, a manner.

Invariant: a block is executed on exactly the state that was given: it is loaded unless the process
holds it already, after the merge of a block whose outcome was right.
"""

from __future__ import annotations

from lockstep.case.manner import PARALLEL, SEQUENTIAL, Manner
from lockstep.compare.post_state import post_state
from lockstep.compare.states import compare_states
from lockstep.targets.program.blocks import write_block
from lockstep.targets.program.capabilities import CapabilitiesMessage
from lockstep.targets.program.connection import Connection
from lockstep.targets.program.messages import (
    Answer,
    ExecuteBlock,
    ExecuteBlockAnswer,
    ExportState,
    ExportStateAnswer,
    LoadState,
    Request,
    ScheduleMessage,
)
from lockstep.targets.program.needs import missing
from lockstep.targets.program.outcome_messages import StatisticsMessage
from lockstep.targets.program.outcomes import read_outcome
from lockstep.targets.program.program import Program
from lockstep.targets.program.scalars import ContractError
from lockstep.targets.program.signatures import Judge
from lockstep.targets.program.states import read_state, write_state
from lockstep.verdict import NoOutcome, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader, Storage


class ProgramExecutor:
    """An executor in a process of its own. Every method raises ``NoOutcome``.

    ``statistics`` and ``trace`` are those of the last answer; ``loads`` counts the states sent.
    """

    reads_storage = False

    def __init__(self, program: Program, scheme: Scheme, workers: int) -> None:
        self.workers = workers
        self.connection = Connection(program)
        self.statistics: StatisticsMessage | None = None
        self.trace: tuple[str, ...] | None = None
        self.loads = 0
        self._scheme = scheme
        self._before: State | None = None
        self._held: State | None = None

    @property
    def capabilities(self) -> CapabilitiesMessage:
        """What the executor says it can do."""
        return self.connection.hello().capabilities

    def declared(self) -> CapabilitiesMessage | None:
        """Return what the executor says it can do, None if it does not even say hello."""
        try:
            return self.capabilities
        except NoOutcome:
            return None

    def plain(self) -> Manner:
        """Return the manner with the workers it was opened with."""
        return Manner(workers=self.workers)

    def execute(self, block: Block, before: State, reader: Reader, manner: Manner) -> Outcome:
        """Execute ``block`` on ``before`` in ``manner``."""
        self._before = before
        capabilities = self.capabilities
        lacking = missing(block, before, self._scheme.name, capabilities)
        if lacking is not None:
            raise NoOutcome.because(Verdict.UNSUPPORTED, *lacking)
        request = self._request(block, reader, manner, capabilities)
        answer = self._exchange(before, request)
        assert isinstance(answer, ExecuteBlockAnswer)
        self.statistics = answer.statistics
        self.trace = None if answer.trace is None else tuple(answer.trace)
        _check_path(request, answer.statistics)
        try:
            return read_outcome(answer.outcome)
        except ContractError as error:
            self.connection.discard()
            raise NoOutcome.because(Verdict.PROTOCOL_ERROR, "outcome", str(error)) from error

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write the changes, and compare the state the process holds if it can export it."""
        storage.merge(changes, topoheight)
        assert self._before is not None
        self._held = post_state(self._before, changes)
        if self.capabilities.state_export:
            self._compare_held(self._held)

    def close(self) -> None:
        """End the process."""
        self.connection.close()

    def _exchange(self, before: State, request: ExecuteBlock) -> Answer:
        """Load the state if it is not held, execute, and hold nothing known from then on."""
        requests: list[Request] = [request]
        if not self.connection.is_open or self._held != before:
            requests.insert(0, LoadState(id=0, state=write_state(before)))
            self.loads += 1
        self._held = None
        return self.connection.ask(*requests)[-1]

    def _request(
        self, block: Block, reader: Reader, manner: Manner, capabilities: CapabilitiesMessage
    ) -> ExecuteBlock:
        verifies = self._scheme.name in capabilities.signatures
        judge = None if verifies else Judge(block, reader, self._scheme)
        parallel = capabilities.parallel and manner.mode == PARALLEL
        most = capabilities.limits.workers
        return ExecuteBlock(
            id=0,
            block=write_block(block, self._scheme.name, judge),
            mode=PARALLEL if parallel else SEQUENTIAL,
            workers=manner.workers if most is None else min(manner.workers, most),
            force_parallel=parallel,
            deadline_ms=round(self.connection.program.deadline * 1000),
            schedule=_schedule(manner, capabilities),
        )

    def _compare_held(self, expected: State) -> None:
        [answer] = self.connection.ask(ExportState(id=0))
        assert isinstance(answer, ExportStateAnswer)
        try:
            exported = read_state(answer.state)
        except ContractError as error:
            self.connection.discard()
            raise NoOutcome.because(Verdict.PROTOCOL_ERROR, "state", str(error)) from error
        differences = compare_states(expected, exported)
        if differences:
            self._held = None
            raise NoOutcome(Verdict.DIVERGE, *differences)


def _schedule(manner: Manner, capabilities: CapabilitiesMessage) -> ScheduleMessage | None:
    if manner.trace is not None and capabilities.schedule_replay:
        return ScheduleMessage(trace=list(manner.trace))
    if manner.seed is not None and capabilities.schedule_seed:
        return ScheduleMessage(seed=str(manner.seed))
    return None


def _check_path(request: ExecuteBlock, statistics: StatisticsMessage) -> None:
    """Raise ``NoOutcome`` unless the block took the path it had to take."""
    if statistics.mode not in (PARALLEL, SEQUENTIAL):
        raise NoOutcome.because(Verdict.PROTOCOL_ERROR, "statistics", f"mode {statistics.mode!r}")
    if request.force_parallel and statistics.mode != PARALLEL:
        reason = statistics.fallback or "no reason given"
        raise NoOutcome.because(Verdict.UNSUPPORTED, "parallel path not taken", reason)
