"""Repeated timing of one action, and the median that is reported."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

REPEATS = 9
SECONDS = 1.0
"""How long the repeats of one measurement take together."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds a unit: the median of the repeats, and the fastest and the slowest of them."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Summarise the repeats."""
        return cls(median(seconds), min(seconds), max(seconds))

    def per_second(self) -> Timing:
        """Return units a second instead."""
        return Timing(1 / self.median, 1 / self.highest, 1 / self.lowest)

    def times(self, factor: float) -> Timing:
        """Return the values in another unit."""
        return Timing(self.median * factor, self.lowest * factor, self.highest * factor)


def timed(action: Callable[[], object], units: int = 1, seconds: float = SECONDS) -> Timing:
    """Time ``action``, which does ``units`` units of work, after warming it up."""
    return timed_together([(action, units)], seconds)[0]


def timed_together(
    actions: Sequence[tuple[Callable[[], object], int]], seconds: float = SECONDS
) -> list[Timing]:
    """Time several actions in turn, so that a noisy moment hits all of them alike."""
    loops = [_loops(action, seconds / REPEATS) for action, _ in actions]
    found: list[list[float]] = [[] for _ in actions]
    for _ in range(REPEATS):
        for position, (action, units) in enumerate(actions):
            count = loops[position]
            found[position].append(elapsed(action, count) / (count * units))
    return [Timing.of(each) for each in found]


def _loops(action: Callable[[], object], seconds: float) -> int:
    """Warm up for about ``seconds`` and return how many runs fill them."""
    done, spent = 0, 0.0
    while spent < seconds:
        spent += elapsed(action, 1)
        done += 1
    return done


def elapsed(action: Callable[[], object], count: int) -> float:
    """Return the seconds that ``count`` runs of ``action`` take."""
    started = time.perf_counter()
    for _ in range(count):
        action()
    return time.perf_counter() - started
