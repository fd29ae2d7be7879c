"""A random descent: a random walk that also estimates how many orders there are to choose from.

Knuth, Mathematics of Computation 29, 1975: the product of the numbers of choices along a random
path is an unbiased estimate of the number of leaves. Steps on uncontested locations are taken first
and are no choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from lockstep.schedules.conflict import Location, is_contested
from lockstep_parallel.steps.drivers.scheduled import Pending


class Descent:
    """Chooses at random among contested steps; ``estimate`` is the product of the choices."""

    __slots__ = ("_contested", "_random", "estimate")

    def __init__(self, random: Random, locations: frozenset[Location]) -> None:
        self._random = random
        self._contested = locations
        self.estimate = 1

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        for position, pending in enumerate(runnable):
            if not is_contested(pending, self._contested):
                return position
        self.estimate *= len(runnable)
        return int(self._random.random() * len(runnable))
