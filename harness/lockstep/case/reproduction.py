"""How often a failure of a program comes back: counted, with the interval the true rate lies in."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, sqrt
from statistics import NormalDist

from lockstep.case.manner import Manner

CONFIDENCE = 0.95
CERTAINTY = 0.999
"""How sure a replay wants to be that it would have met a failure that is still there."""
MOST_RUNS = 300


@dataclass(frozen=True, slots=True)
class Reproduction:
    """``failed`` of ``runs`` runs in one manner failed as the finding did."""

    failed: int
    runs: int
    manner: Manner

    @property
    def is_certain(self) -> bool:
        """Tell whether it failed every time."""
        return 0 < self.failed == self.runs

    @property
    def interval(self) -> tuple[float, float]:
        """Return the Wilson interval of the rate, at ``CONFIDENCE``."""
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        n, rate = self.runs, self.failed / self.runs
        centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
        margin = z / (1 + z * z / n) * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
        return max(0.0, centre - margin), min(1.0, centre + margin)

    def runs_to_meet(self, certainty: float = CERTAINTY) -> int:
        """Return how many runs meet the failure this surely, if its rate is the interval's low."""
        low = self.interval[0]
        if low <= 0:
            return MOST_RUNS
        return min(MOST_RUNS, max(1, ceil(log(1 - certainty) / log(1 - low))))

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.failed} of {self.runs} runs fail with {self.manner} "
            f"({self.failed / self.runs:.0%}; {CONFIDENCE:.0%} interval {low:.0%} to {high:.0%})"
        )
