"""Partial order sampling: random priorities, drawn anew for what a taken step conflicts with.

Yuan, Yang and Gu, CAV 2018: samples the orders of conflicting steps more evenly than a random walk,
which favours the orders that many interleavings share. Steps on uncontested locations are taken
first: their order is no choice, and their priorities would only blur those of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from lockstep.schedules.conflict import contested, dependent, is_contested
from lockstep_parallel.steps.drivers.scheduled import Pending


class PartialOrderSampling:
    """Takes the pending contested step of the highest priority.

    ``sample`` is the trace of an earlier run, which tells the contested locations.
    """

    __slots__ = ("_contested", "_priorities", "_random")

    def __init__(self, random: Random, sample: Sequence[Pending]) -> None:
        self._random = random
        self._contested = contested(sample)
        self._priorities: dict[int, float] = {}

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        priorities = self._priorities
        for position, pending in enumerate(runnable):
            if not is_contested(pending, self._contested):
                return position
            if pending.task not in priorities:
                priorities[pending.task] = self._random.random()
        chosen = max(range(len(runnable)), key=lambda each: priorities[runnable[each].task])
        taken = runnable[chosen]
        for pending in runnable:
            if pending.task == taken.task or dependent(pending.operation, taken.operation):
                priorities.pop(pending.task, None)
        return chosen
