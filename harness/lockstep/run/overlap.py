"""How much was in progress at once: what a parallel executor says of its executions.

Invariant: an execution counts only if it could have had two transactions in progress, and told how
many it had: one that tells nothing is neither for nor against.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Overlap:
    """Executions that told, those of them with two or more in progress, and the most at once."""

    executions: int = 0
    overlapping: int = 0
    most: int = 0

    @property
    def share(self) -> float:
        """Return the share of the executions with two or more in progress."""
        return self.overlapping / self.executions if self.executions else 0.0

    def __add__(self, other: Overlap) -> Overlap:
        """Return what both saw."""
        return Overlap(
            self.executions + other.executions,
            self.overlapping + other.overlapping,
            max(self.most, other.most),
        )

    def __str__(self) -> str:
        return (
            f"{self.share:.1%} of {self.executions} executions with two or more in progress, "
            f"at most {self.most}"
        )


NONE_TOLD = Overlap()


def seen(workers: int, transactions: int, told: int | None) -> Overlap:
    """Return what one execution on the parallel path shows, which ``told`` its most at once."""
    if told is None or min(workers, transactions) < 2:
        return NONE_TOLD
    return Overlap(1, int(told > 1), told)
