"""Random walk: every runnable step is equally likely at every choice."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from lockstep_parallel.steps.drivers.scheduled import Pending


class RandomWalk:
    """Chooses uniformly from its own random stream."""

    __slots__ = ("_random",)

    def __init__(self, random: Random) -> None:
        self._random = random

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        count = len(runnable)
        return 0 if count == 1 else int(self._random.random() * count)
