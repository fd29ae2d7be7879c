"""A few interruptions at random places: the sequential order, but for so many other turns.

Where every line is a step there are thousands, and a random walk would nearly always be between two
lines of one thing. Most races need one interruption, few more than two (Burckhardt et al., 2010).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from lockstep.schedules.sequential import sequential_order
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Pending, Scheduled

EXECUTIONS = 8
"""Executions of a block after the sequential one, if it has two tasks."""
MOST = 3


class Interruptions:
    """Goes on with the task at hand, but for ``count`` places among the first ``length`` steps."""

    def __init__(self, random: Random, length: int, count: int) -> None:
        self._random = random
        self._left = set(random.sample(range(length), min(count, length)))
        self._taken = 0
        self._current = -1

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        tasks = [pending.task for pending in runnable]
        position = tasks.index(self._current) if self._current in tasks else 0
        if self._taken in self._left and len(tasks) > 1:
            position = self._random.choice([at for at in range(len(tasks)) if at != position])
        self._taken += 1
        self._current = tasks[position]
        return position


def interrupted(random: Random, step_limit: int) -> Iterator[Driver]:
    """Give the drivers of one block: the sequential order, then interruptions."""
    sequential = Scheduled(sequential_order, step_limit)
    yield sequential
    if len({(step.round, step.task) for step in sequential.trace}) < 2:
        return
    for _ in range(EXECUTIONS):
        count = random.randint(1, MOST)
        yield Scheduled(Interruptions(random, len(sequential.trace), count), step_limit)
