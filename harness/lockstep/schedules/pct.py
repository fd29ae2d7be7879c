"""Probabilistic concurrency testing: fixed random priorities, changed at a few random points.

Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010: finds a bug of depth d with a
probability of at least 1 / (n * k^(d-1)) for n tasks and k steps. Steps are counted here only where
they touch a contested location, which makes k small.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from lockstep.schedules.conflict import Location, contested, is_contested
from lockstep_parallel.steps.drivers.scheduled import Pending


class ProbabilisticConcurrency:
    """Runs the task of the highest priority; at ``depth`` - 1 points it falls to the lowest.

    ``sample`` is the trace of an earlier run, which tells the contested locations and the number of
    steps on them.
    """

    __slots__ = ("_changes", "_contested", "_priorities", "_random", "_steps")

    def __init__(self, random: Random, depth: int, sample: Sequence[Pending]) -> None:
        self._random = random
        self._contested: frozenset[Location] = contested(sample)
        count = sum(is_contested(step, self._contested) for step in sample)
        points = random.sample(range(count), min(depth - 1, count))
        self._changes = {point: -position for position, point in enumerate(points, start=1)}
        self._priorities: dict[int, float] = {}
        self._steps = 0

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        for pending in runnable:
            if pending.task not in self._priorities:
                self._priorities[pending.task] = 1 + self._random.random()
        chosen = self._highest(runnable)
        if is_contested(runnable[chosen], self._contested):
            change = self._changes.get(self._steps)
            self._steps += 1
            if change is not None:
                self._priorities[runnable[chosen].task] = change
                chosen = self._highest(runnable)
        return chosen

    def _highest(self, runnable: Sequence[Pending]) -> int:
        return max(range(len(runnable)), key=lambda each: self._priorities[runnable[each].task])
