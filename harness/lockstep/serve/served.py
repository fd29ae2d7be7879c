"""What a served executor holds and does: one state, one executor of ours a scheme, the reference.

Invariant: the state after a block is the state before with exactly the changes that were answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from random import Random
from typing import Protocol

from lockstep.case.deviation import task_name
from lockstep.case.manner import PARALLEL, SEQUENTIAL
from lockstep.compare.post_state import post_state
from lockstep.generate.references import REFERENCES
from lockstep.schedules.random_walk import RandomWalk
from lockstep.schedules.replay import FollowTrace
from lockstep.targets.inside import InsideTarget
from lockstep.targets.program.blocks import read_block, said_valid
from lockstep.targets.program.capabilities import (
    HISTORY,
    PAYLOADS,
    PRECOMPUTED,
    TERMS,
    CapabilitiesMessage,
)
from lockstep.targets.program.messages import (
    MINOR,
    PROTOCOL,
    ExecuteBlock,
    ExecuteBlockAnswer,
    HelloAnswer,
)
from lockstep.targets.program.outcome_messages import StatisticsMessage
from lockstep.targets.program.outcomes import write_outcome
from lockstep.targets.program.scalars import ContractError, read_u64
from lockstep.targets.program.signatures import Told
from lockstep.targets.reference import ReferenceExecutor
from lockstep.targets.steered import STEP_LIMIT
from lockstep_ledger.block import Block
from lockstep_ledger.model import Policy, State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.scheduled import Choose, Scheduled, lowest_first

MOST_VERSIONS = 256
"""Versions that are kept, the newest."""


class NoStateError(Exception):
    """A request needs a state that is not held; the text says which."""


class UnsupportedError(Exception):
    """A request asks for what was not declared."""


class Path(Protocol):
    """One way to execute a block: gives the outcome, statistics, and the trace if there is one."""

    def __call__(
        self, block: Block, before: Reader, scheme: Scheme, request: ExecuteBlock
    ) -> tuple[Outcome, StatisticsMessage, list[str] | None]:
        """Execute ``block`` on ``before``."""
        ...


class Served:
    """The state and the executor behind a connection.

    ``target`` None serves the reference. ``precomputed`` declares that signatures are believed,
    not verified.
    """

    def __init__(
        self, name: str, target: InsideTarget | None, *, precomputed: bool = False
    ) -> None:
        self.name = name
        self._states: list[State] = []
        self._newest = 0
        self._precomputed = precomputed
        self._told = Told()
        self._path: Path = _by_reference if target is None else _Coroutines(target)
        self._parallel = target is not None

    def hello(self, key: int) -> HelloAnswer:
        """Say what is served."""
        return HelloAnswer(
            id=key,
            protocol=PROTOCOL,
            minor=MINOR,
            name=self.name,
            version=version("lockstep"),
            build="Python",
            capabilities=CapabilitiesMessage(
                payloads=list(PAYLOADS),
                policies=[each.value for each in Policy],
                signatures=[PRECOMPUTED] if self._precomputed else list(SCHEMES),
                terms=list(TERMS),
                parallel=self._parallel,
                schedule_seed=self._parallel,
                schedule_replay=self._parallel,
                state_export=True,
                history=list(HISTORY),
                references=list(REFERENCES),
                jitter=self._parallel,
            ),
        )

    @property
    def state(self) -> State:
        """The state that is held. Raises ``NoStateError`` if there is none."""
        if not self._states:
            raise NoStateError("load_state comes first")
        return self._states[-1]

    def load(self, states: list[State], topoheight: int) -> None:
        """Hold the last of ``states``, version ``topoheight``, after the others before it."""
        self._states, self._newest = states, topoheight

    def rewind(self, blocks: int) -> None:
        """Take back ``blocks`` blocks. Raises ``NoStateError`` if there are not so many."""
        if blocks < 1:
            raise ContractError(f"a rewind by {blocks}")
        if blocks >= len(self._states):
            raise NoStateError(f"there are no {blocks} blocks to take back")
        del self._states[-blocks:]
        self._newest -= blocks

    def version(self, topoheight: int) -> State:
        """Return the state of version ``topoheight``. Raises ``NoStateError`` if it is not held."""
        back = self._newest - topoheight
        if not 0 <= back < len(self._states):
            raise NoStateError(f"version {topoheight} is not held")
        return self._states[-1 - back]

    def reset(self) -> None:
        """Hold nothing."""
        self._states = []

    def execute(self, request: ExecuteBlock) -> ExecuteBlockAnswer:
        """Execute a block on the state that is held, and hold what comes of it."""
        before = self.state
        message = request.block
        block = read_block(message)
        scheme: Scheme | None = SCHEMES.get(message.scheme)
        if scheme is None:
            raise UnsupportedError(f"the signature scheme {message.scheme!r}")
        if self._precomputed:
            self._told.valid = said_valid(message, block)
            scheme = self._told
        outcome, statistics, trace = self._path(block, MemoryStorage(before), scheme, request)
        answer = ExecuteBlockAnswer(
            id=request.id, outcome=write_outcome(outcome), statistics=statistics, trace=trace
        )
        if not outcome.faults:
            self._states.append(post_state(before, outcome.changes))
            self._newest += 1
            del self._states[:-MOST_VERSIONS]
        return answer


def _by_reference(
    block: Block, before: Reader, scheme: Scheme, request: ExecuteBlock
) -> tuple[Outcome, StatisticsMessage, list[str] | None]:
    if request.force_parallel:
        raise UnsupportedError("the reference has no parallel path")
    outcome = ReferenceExecutor(scheme).execute(block, before, Scheduled())
    statistics = StatisticsMessage(
        mode=SEQUENTIAL,
        fallback="the reference has no parallel path",
        executions=len(outcome.receipts),
        aborts=0,
        highest_concurrency=min(1, len(outcome.receipts)),
    )
    return outcome, statistics, None


class _Coroutines:
    """Executes blocks on a built-in executor, under a schedule that is asked for."""

    def __init__(self, target: InsideTarget) -> None:
        self._target = target
        self._built: dict[tuple[str, int], Executor] = {}

    def __call__(
        self, block: Block, before: Reader, scheme: Scheme, request: ExecuteBlock
    ) -> tuple[Outcome, StatisticsMessage, list[str] | None]:
        """Execute ``block`` with the workers and the schedule of ``request``."""
        parallel = request.mode == PARALLEL
        if not parallel and request.mode != SEQUENTIAL:
            raise ContractError(f"unknown mode {request.mode!r}")
        workers = request.workers if parallel else 1
        if not 1 <= workers <= 256:
            raise ContractError(f"{workers} workers")
        executor = self._executor(scheme, workers)
        ids = tuple(f"t{index}" for index in range(len(block.transactions)))
        driver = Scheduled(_choose(request, ids), STEP_LIMIT)
        outcome = executor.execute(block, before, driver)
        trace = [f"{task_name(each.task, ids)}@{each.operation.label}" for each in driver.trace]
        statistics = StatisticsMessage(
            mode=request.mode,
            highest_concurrency=highest_concurrency([each.task for each in driver.trace]),
        )
        return outcome, statistics, trace

    def _executor(self, scheme: Scheme, workers: int) -> Executor:
        key = scheme.name, workers
        if key not in self._built:
            self._built[key] = self._target.build(scheme, workers)
        return self._built[key]


def highest_concurrency(tasks: Sequence[int]) -> int:
    """Return the most tasks that were begun and not finished at one step of a trace."""
    last = {task: step for step, task in enumerate(tasks)}
    begun: set[int] = set()
    highest = 0
    for step, task in enumerate(tasks):
        begun.add(task)
        highest = max(highest, len(begun))
        if last[task] == step:
            begun.discard(task)
    return highest


def _choose(request: ExecuteBlock, ids: Sequence[str]) -> Choose:
    """Return the choice that is asked for: shaken is every schedule as likely as any other."""
    schedule = request.schedule
    if schedule is None:
        return RandomWalk(Random(read_u64(request.jitter))) if request.jitter else lowest_first
    if schedule.trace is not None:
        return FollowTrace([_step_of(each) for each in schedule.trace], ids)
    if schedule.seed is not None:
        return RandomWalk(Random(read_u64(schedule.seed)))
    return lowest_first


def _step_of(text: str) -> tuple[str, str]:
    task, separator, label = text.partition("@")
    if not separator:
        raise ContractError(f"{text[:40]!r} is no step of a trace")
    return task, label
