"""Selectively uniform random walk: uniform over the orders of the steps on one shared location.

Zhao, Wolff, Mathur and Roychoudhury, ASPLOS 2025: the next task to reach the location is drawn in
proportion to the steps it has left there; meanwhile everything else runs as in a random walk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from lockstep.schedules.conflict import Location, contested
from lockstep_parallel.steps.drivers.scheduled import Pending


class SelectivelyUniform:
    """Interleaves the steps on one contested location of ``sample``, an earlier run's trace."""

    __slots__ = ("_intended", "_left", "_location", "_random")

    def __init__(self, random: Random, sample: Sequence[Pending]) -> None:
        self._random = random
        locations = sorted(contested(sample), key=repr)
        self._location: Location | None = random.choice(locations) if locations else None
        self._left = Counter(step.task for step in sample if self._is_selected(step))
        self._intended: int | None = None

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        tasks = {pending.task for pending in runnable}
        if self._intended not in tasks:
            self._intended = self._draw(tasks)
        free = [
            position
            for position, pending in enumerate(runnable)
            if pending.task == self._intended or not self._is_selected(pending)
        ]
        chosen = free[int(self._random.random() * len(free))]
        if self._is_selected(runnable[chosen]):
            self._left[runnable[chosen].task] -= 1
            self._intended = None
        return chosen

    def _draw(self, tasks: set[int]) -> int:
        ordered = sorted(tasks)
        weights = [max(0, self._left[task]) for task in ordered]
        if not any(weights):
            return self._random.choice(ordered)
        return self._random.choices(ordered, weights)[0]

    def _is_selected(self, pending: Pending) -> bool:
        location = self._location
        return (
            location is not None
            and pending.round == location[0]
            and location[1] in pending.operation.keys
        )
