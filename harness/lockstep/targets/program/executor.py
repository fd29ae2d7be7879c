"""A program in the place of an executor: it is given a state, a block, a manner.

Invariant: a block is executed on exactly the state that was given: it is loaded unless the process
holds it already, after the merge of a block whose outcome was right.
"""

from __future__ import annotations

from lockstep.case.manner import PARALLEL, SEQUENTIAL, Manner
from lockstep.case.values import Case
from lockstep.compare.post_state import post_state
from lockstep.run.expected import ExpectedChain
from lockstep.run.overlap import Overlap, seen
from lockstep.targets.program.asking import (
    execute_request,
    load_request,
    numbers_versions,
    oldest_reference,
    signers_of,
)
from lockstep.targets.program.capabilities import CapabilitiesMessage
from lockstep.targets.program.connection import Connection
from lockstep.targets.program.exported import check_versions
from lockstep.targets.program.holding import Holding, Trail
from lockstep.targets.program.messages import ExecuteBlock, ExecuteBlockAnswer, LoadState, Rewind
from lockstep.targets.program.needs import missing
from lockstep.targets.program.outcome_messages import StatisticsMessage
from lockstep.targets.program.outcomes import read_outcome
from lockstep.targets.program.program import Program
from lockstep.targets.program.scalars import ContractError
from lockstep.verdict import NoOutcome, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import Address, State
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader, Storage


class ProgramExecutor:
    """An executor in a process of its own. Every method raises ``NoOutcome``.

    ``statistics`` and ``trace`` are those of the last answer; ``loads`` counts the states sent,
    ``overlap`` what all answers since it was set told of how parallel they were.
    """

    reads_storage = False

    def __init__(self, program: Program, scheme: Scheme, workers: int) -> None:
        self.workers = workers
        self.connection = Connection(program)
        self.statistics: StatisticsMessage | None = None
        self.trace: tuple[str, ...] | None = None
        self.loads = 0
        self.overlap = Overlap()
        self._scheme = scheme
        self._before: State | None = None
        self._held = Holding()
        self._executed_on: list[State] = []
        self._past: Trail | None = None
        self._chain: ExpectedChain | None = None
        self._signers: frozenset[Address] = frozenset()

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

    def follow(self, case: Case, chain: ExpectedChain) -> None:
        """Be told of a case: whose keys its blocks need, and the versions of its chain."""
        self._chain, self._signers = chain, signers_of(case)

    def past(self) -> Trail | None:
        """Return what led to the last block; None if its state had been loaded for it alone."""
        return self._past

    def plain(self) -> Manner:
        """Return the manner with the workers it was opened with."""
        return Manner(workers=self.workers)

    def execute(self, block: Block, before: State, reader: Reader, manner: Manner) -> Outcome:
        """Execute ``block`` on ``before`` in ``manner``."""
        self._before, self._past = before, None
        topoheight, capabilities = self._topoheight, self.capabilities
        lacking = missing(block, before, self._scheme.name, capabilities, topoheight)
        if lacking is not None:
            raise NoOutcome.because(Verdict.UNSUPPORTED, *lacking)
        scheme, number = self._scheme, topoheight + 1
        request = execute_request(block, reader, scheme, manner, capabilities, number)
        request.deadline_ms = round(self.connection.program.deadline * 1000)
        answer = self._exchange(before, request, oldest_reference(block))
        self.statistics = answer.statistics
        if answer.statistics.mode == PARALLEL:
            told = answer.statistics.highest_concurrency
            self.overlap += seen(request.workers, len(block.transactions), told)
        self.trace = None if answer.trace is None else tuple(answer.trace)
        _check_path(request, answer.statistics)
        try:
            return read_outcome(answer.outcome)
        except ContractError as error:
            self.connection.discard()
            raise NoOutcome.because(Verdict.PROTOCOL_ERROR, "outcome", str(error)) from error

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write the changes, and compare what the process holds as far as it can tell."""
        storage.merge(changes, topoheight)
        self.go_on(changes)
        check_versions(self.connection, self._held, self._past)

    def go_on(self, changes: Changes) -> None:
        """Take what the process holds for the state after the block, which made ``changes``."""
        assert self._before is not None
        self._held.merge(self._executed_on, post_state(self._before, changes))

    def rewound(self, blocks: int) -> None:
        """Have blocks taken back, if the process can and holds what is left; compare that."""
        held, capabilities = self._held, self.capabilities
        if not numbers_versions(capabilities):
            return
        can = self.connection.is_open and held.can_rewind(blocks)
        if not can or "rewind" not in capabilities.history:
            held.forget()
            return
        request = Rewind(id=0, blocks=blocks)
        self.connection.ask(request)
        held.rewind(request)
        check_versions(self.connection, held, None, rewound=True)

    def close(self) -> None:
        """End the process."""
        self.connection.close()

    @property
    def _topoheight(self) -> int:
        """The number of the version that the next block is executed on."""
        return 0 if self._chain is None else self._chain.blocks

    def _exchange(
        self, before: State, request: ExecuteBlock, oldest: int | None
    ) -> ExecuteBlockAnswer:
        """Load the state if it is not held, execute, and hold nothing known from then on.

        ``oldest`` is the oldest version that a transaction of the block names.
        """
        held = self._held
        loads: list[LoadState] = []
        if not self._holds(before):
            loads = [self._load(before)]
            self.loads += 1
        if oldest is not None and oldest < held.first:
            held.forget()
            text = "a version that was not loaded"
            raise NoOutcome.because(Verdict.UNSUPPORTED, "references", text)
        has_past = held.has_past
        self._executed_on = held.execute(request)
        alone = self._alone(before, oldest)
        if has_past and alone is not None:
            self._past = Trail(self.connection, tuple(held.trail), alone, held.forget)
        answer = self.connection.ask(*loads, request)[-1]
        assert isinstance(answer, ExecuteBlockAnswer)
        return answer

    def _holds(self, before: State) -> bool:
        if not self.connection.is_open or self._held.newest != before:
            return False
        return not numbers_versions(self.capabilities) or self._held.topoheight == self._topoheight

    def _alone(self, before: State, oldest: int | None) -> LoadState | None:
        """Return the request to hold ``before`` with no more of its past than a block names.

        None if the process cannot load what the block names.
        """
        if oldest is None or oldest == self._topoheight:
            return self._load_request([before])
        states = self._loadable(before)
        return None if len(states) == 1 else self._load_request(states)

    def _loadable(self, before: State) -> list[State]:
        """Return ``before``, after the versions before it if the process can load them."""
        if self._chain is not None and "load" in self.capabilities.history:
            return list(self._chain.states)
        return [before]

    def _load(self, before: State) -> LoadState:
        """Have ``before`` held, with all of its past that the process can load."""
        states = self._loadable(before)
        request = self._load_request(states)
        self._held.load(request, states, self._topoheight - len(states) + 1)
        return request

    def _load_request(self, states: list[State]) -> LoadState:
        hello = self.connection.hello()
        signers = self._signers if hello.minor else None
        return load_request(states, self._topoheight, hello.capabilities, signers)


def _check_path(request: ExecuteBlock, statistics: StatisticsMessage) -> None:
    """Raise ``NoOutcome`` unless the block took the path it had to take."""
    if statistics.mode not in (PARALLEL, SEQUENTIAL):
        raise NoOutcome.because(Verdict.PROTOCOL_ERROR, "statistics", f"mode {statistics.mode!r}")
    if request.force_parallel and statistics.mode != PARALLEL:
        reason = statistics.fallback or "no reason given"
        raise NoOutcome.because(Verdict.UNSUPPORTED, "parallel path not taken", reason)
