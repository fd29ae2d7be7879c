"""The pool hands out tasks whatever order its processes answer in, and waits for nobody in vain."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lockstep.campaign.pool import Pool, _Process
from lockstep.campaign.work import Unwatched
from tests.harness.campaign.test_processes import Squares


class Pipe:
    """Takes whatever is sent."""

    def send(self, task: Any) -> None:
        """Let it arrive nowhere."""


class Answering(Pool[Any]):
    """A pool whose processes answer by chance, and ``slow`` ones only if no other can."""

    def __init__(self, jobs: int, chance: random.Random, slow: frozenset[int]) -> None:
        super().__init__(Squares, jobs, Unwatched(str))
        self._chance = chance
        self._slow = slow
        self.most = 0

    def _started(self, number: int) -> _Process[Any]:
        none: Any = None
        pipe: Any = Pipe()
        return _Process(none, pipe, number, is_open=True)

    def listen(self, seconds: float | None = None) -> None:
        busy = [each for each in self._processes if each.tasks]
        assert busy, "it waits for processes that have nothing to do"
        quick = [each for each in busy if each.number not in self._slow]
        process = self._chance.choice(quick or busy)
        number, _ = process.tasks[0]
        self._heard(process, "result", number)
        self.most = max(self.most, len(self._done))


@pytest.mark.parametrize("slow", [frozenset[int](), frozenset({0}), frozenset({0, 1})])
@pytest.mark.parametrize("jobs", [1, 2, 3, 5])
def test_in_whatever_order_they_answer_all_results_come_in_order(
    jobs: int, slow: frozenset[int]
) -> None:
    for seed in range(50):
        pool = Answering(jobs, random.Random(seed), slow)
        assert list(pool.results(iter([(each,) for each in range(100)]))) == list(range(100))
        assert pool.most <= 4 * jobs, "what one slow process holds up is bounded"
