"""Drives one block through every trace, and says whether there were really no more.

Invariant: ``exhausted`` is True only if the search ended by itself, no task was held back by too
few workers, and the executor ran its transactions under the driver it was given.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.schedules.dpor import Exhaustive
from lockstep.schedules.overlap import overlaps
from lockstep.targets.steered import STEP_LIMIT
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Scheduled


class AllTraces:
    """The driving of one block, at most ``limit`` executions; counts them and their steps."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._search = Exhaustive()
        self._steps = 0
        self._driven = True
        self._last: Scheduled | None = None
        self._overlapped = False

    def __call__(self, ids: tuple[str, ...]) -> Iterator[Driver]:
        """Give a driver for every execution that is left."""
        for choose in self._search.executions():
            self._close_last()
            if self._search.finished + self._search.redundant >= self._limit:
                return
            self._last = Scheduled(choose, STEP_LIMIT)
            yield self._last
            self._driven = self._driven and (self._last.rounds > 0 or not ids)

    @property
    def exhausted(self) -> bool:
        """Tell whether every trace was executed."""
        return self._search.ended and not self._search.limited and self._driven

    @property
    def redundant(self) -> int:
        """How many executions were cut short because they could only repeat a trace."""
        return self._search.redundant

    @property
    def steps(self) -> int:
        """How many steps all executions took, redundant ones included."""
        return self._steps + (0 if self._last is None else len(self._last.trace))

    @property
    def overlapped(self) -> bool:
        """Tell whether two tasks ran side by side in any execution."""
        return self._overlapped or (self._last is not None and overlaps(self._last.trace))

    def _close_last(self) -> None:
        self._steps, self._overlapped, self._last = self.steps, self.overlapped, None
