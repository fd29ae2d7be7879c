"""The collaborative scheduler as its workers see it: every call is one announced step.

Its state is one location, taken as a whole by each step; the source builds the same of single
atomic counters. A worker that finds nothing to do waits, it does not spin.
Invariant: no step is taken on ``progress`` that does not name the scheduler.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final, TypeVar

from lockstep_parallel.executors.optimistic.chain import Version
from lockstep_parallel.executors.optimistic.progress import Assignment, Progress
from lockstep_parallel.steps.ops import Key, Kind, op
from lockstep_parallel.steps.watch import WATCH, check

T = TypeVar("T")

SCHEDULER: Final[Key] = ("scheduler",)


class Scheduler:
    """Hands out assignments, which the other calls end."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._lock = Lock()
        self._news: bool | None = None
        if WATCH.held is not None:
            WATCH.held["scheduler"] = lambda _key: str(self.progress)

    async def take(self) -> Assignment | None:
        """Return the next assignment, waiting until there is one; None when all is done."""
        while True:
            found, ended = await self._step("take", self._taken, self._has_news)
            if ended or found is not None:
                return found

    async def executed(self, version: Version, wider: bool) -> Assignment | None:
        """End an execution; ``wider`` if it wrote where the previous incarnation had not."""
        return await self._step("executed", lambda: self.progress.executed(version, wider))

    async def wait(self, version: Version, blocking: int) -> bool:
        """End an execution that needs ``blocking``; False, to go on, if that is executed by now."""
        return await self._step("wait", lambda: self.progress.wait(version, blocking))

    async def valid(self) -> None:
        """End a validation that found nothing wrong."""
        await self._step("valid", self.progress.valid)

    async def abort(self, version: Version) -> bool:
        """Claim the abort of an incarnation found invalid."""
        return await self._step("abort", lambda: self.progress.abort(version))

    async def retry(self, index: int) -> Assignment | None:
        """End a validation that aborted."""
        return await self._step("retry", lambda: self.progress.retry(index))

    async def stop(self) -> None:
        """Hand out nothing more."""
        await self._step("stop", self._stopped)

    async def _step(
        self, label: str, act: Callable[[], T], guard: Callable[[], bool] | None = None
    ) -> T:
        await op(Kind.WRITE, (SCHEDULER,), label, guard)
        with self._lock:
            check(SCHEDULER, writing=True)
            self._news = None
            return act()

    def _has_news(self) -> bool:
        with self._lock:
            check(SCHEDULER, writing=False)
            if self._news is None:
                self._news = self.progress.has_news()
            return self._news

    def _taken(self) -> tuple[Assignment | None, bool]:
        """Take an assignment, and tell whether there will be no more.

        Under real threads another worker may have taken what the guard saw.
        """
        found = self.progress.take()
        return found, found is None and (self.progress.stopped or self.progress.is_done())

    def _stopped(self) -> None:
        self.progress.stopped = True
