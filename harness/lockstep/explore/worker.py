"""Explores a chunk of consecutive blocks in one process.

Invariant: what a chunk gives depends on the plan and the block numbers alone. Of the failing runs
of a chunk only the first of each kind is handed on.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice

from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.explore.moves import block_text
from lockstep.explore.scope import Candidate, Scope
from lockstep.explore.sums import INCOMPLETE, BlockFailure, Result
from lockstep.explore.traces import AllTraces
from lockstep.faults import HarnessFault, UsageError
from lockstep.run.fingerprint import fingerprint
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.targets.exchanged import Exchanged
from lockstep.targets.named import open_steered
from lockstep.verdict import Verdict

LIMIT = 100_000
"""Executions of one block after which its search is given up, unless told otherwise."""

ALL_ORDERS = 8
"""One block in so many is executed in all other orders of its last trace, the rest in a few."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything that decides what an exploration does; ``limit`` bounds executions a block.

    Raises ``UsageError`` if there are too few workers for every trace.
    """

    scope: Scope
    setting: Setting
    limit: int = LIMIT

    def __post_init__(self) -> None:
        if self.setting.workers < self.scope.transactions:
            raise UsageError(
                f"{self.setting.workers} workers cannot show every trace of "
                f"{self.scope.transactions} transactions: give at least as many workers"
            )


class Worker:
    """The built executor of one process, over stores in memory; ``close`` ends it."""

    def __init__(self, plan: Survey) -> None:
        self.plan = plan
        self._resources = ExitStack()
        self.lane = self._resources.enter_context(open_steered(plan.setting, MemoryStores()))
        self._ahead: Iterator[Candidate] = plan.scope.blocks()
        self._position = 0

    def do(self, start: int, count: int) -> Generator[None, None, list[Result]]:
        """Explore the blocks from ``start`` on; there are no notes."""
        yield from ()
        self._go_to(start)
        met: set[str] = set()
        results: list[Result] = []
        for number, candidate in enumerate(islice(self._ahead, count), start):
            self._position += 1
            results.append(self._explore(number, candidate, met))
        return results

    def case(self, number: int) -> Case:
        """Return the case of block ``number``."""
        return self.plan.scope.case(self.plan.scope.block(number))

    def close(self) -> None:
        """Release what the lane holds."""
        self._resources.close()

    def _go_to(self, number: int) -> None:
        if number < self._position:
            self._ahead, self._position = self.plan.scope.blocks(), 0
        next(islice(self._ahead, number - self._position, number - self._position), None)
        self._position = number

    def _explore(self, number: int, candidate: Candidate, met: set[str]) -> Result:
        moves, policy = candidate
        case, traces = self.plan.scope.case(candidate), AllTraces(self.plan.limit)
        text = f"[{block_text(moves)}] {policy.value}"
        try:
            run = self.lane.run(case, traces)
        except AssertionError as error:
            raise HarnessFault(f"block {number} {text}: {error}") from error
        exchanged = self._exchanged(case, run, number)
        ended = exchanged.failing or run
        failure = self._failure(ended, met)
        return Result(
            number=number,
            text=text,
            end=_end(ended, traces),
            traces=run.executions,
            redundant=traces.redundant,
            steps=traces.steps,
            parallel=traces.overlapped,
            orders=exchanged.orders,
            failure=failure,
        )

    def _exchanged(self, case: Case, run: Run, number: int) -> Exchanged:
        """Run an agreeing block in other orders: in all of one block in ``ALL_ORDERS``."""
        return self.lane.run_exchanged(case, run, None if number % ALL_ORDERS == 0 else number)

    def _failure(self, run: Run, met: set[str]) -> BlockFailure | None:
        if not run.verdict.is_failure:
            return None
        kind = fingerprint(self.plan.setting.label, run)
        if kind in met:
            return None
        met.add(kind)
        return BlockFailure(kind, run)


def _end(run: Run, traces: AllTraces) -> str:
    if run.verdict is Verdict.AGREE and not traces.exhausted:
        return INCOMPLETE
    return run.verdict.value
