"""Breadth-first search over deviations: the sequential order, then every single deviation from it.

After those with one deviation come those with two, and so on: most races need very few, and this
finds a failure under as few as it needs. Invariant: no schedule is executed twice, and a schedule
runs like the one it was extended from up to its last deviation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from lockstep.case.deviation import Deviation, Site, task_name
from lockstep.schedules.conflict import Location, contested, is_contested
from lockstep.schedules.deviations import FollowDeviations, site_of
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM
from lockstep_parallel.steps.drivers.scheduled import Pending


class BreadthFirst:
    """Drives executions in the order of their number of deviations, at most ``limit``.

    Use: ``for choose in search.executions()``, executing once under each ``choose``, whose
    deviations are ``choose.schedule``. ``ids`` are the block's transactions; ``deepest``, if given,
    is the largest number of deviations. ``finished`` counts the executions.
    """

    def __init__(self, ids: Sequence[str], limit: int, deepest: int | None = None) -> None:
        self.finished = 0
        self._ids = ids
        self._limit = limit
        self._deepest = deepest

    def executions(self) -> Iterator[Extensible]:
        """Give the ``choose`` of one more execution until there is none or the limit is reached."""
        depth = 0
        generation: list[tuple[Deviation, ...]] = [()]
        while generation:
            following: list[tuple[Deviation, ...]] = []
            for schedule in generation:
                if self.finished >= self._limit:
                    return
                choose = Extensible(schedule, self._ids)
                yield choose
                self.finished += 1
                if depth != self._deepest:
                    room = self._limit - self.finished - len(following)
                    following += islice(choose.extensions(), max(0, room))
            generation = following
            depth += 1


class Extensible(FollowDeviations):
    """Follows ``schedule`` and notes what else could have been done after its last deviation."""

    __slots__ = ("_begun", "_offers", "_steps", "schedule")

    def __init__(self, schedule: tuple[Deviation, ...], ids: Sequence[str]) -> None:
        super().__init__(schedule, ids)
        self.schedule = schedule
        self._steps: list[Pending] = []
        self._offers: list[tuple[int, ...]] = []
        self._begun: set[int] = set()

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        is_default = not self.unused
        position = super().__call__(runnable)
        taken = runnable[position]
        self._offers.append(self._others(runnable, taken.task) if is_default else ())
        self._steps.append(taken)
        self._begun.add(taken.task)
        return position

    def _others(self, runnable: Sequence[Pending], taken: int) -> tuple[int, ...]:
        """Return who could run instead; workers that have not begun are all alike."""
        others = [each.task for each in runnable if each.task != taken]
        idle = [task for task in others if task >= WORKERS_FROM and task not in self._begun]
        return tuple(task for task in others if task not in idle[1:])

    def extensions(self) -> Iterator[tuple[Deviation, ...]]:
        """Yield the schedules with one deviation more, the earliest first.

        Only where the default took a step on a contested location: any other step could as well
        have been taken later, or sooner.
        """
        locations = disputed(self._steps)
        counts: Counter[Site] = Counter()
        for step, others in zip(self._steps, self._offers, strict=True):
            site = site_of(step, self._ids)
            counts[site] += 1
            if others and is_contested(step, locations):
                address = (*site, counts[site])
                for task in others:
                    yield (*self.schedule, Deviation(address, task_name(task, self._ids)))


def disputed(steps: Sequence[Pending]) -> frozenset[Location]:
    """Return the locations on which a step's time can matter.

    A worker's steps may be for different transactions, which other workers could as well have
    done: each of them counts as a task of its own.
    """
    return contested(
        step._replace(task=number) if step.task >= WORKERS_FROM else step
        for number, step in enumerate(steps)
    )
