"""The reducer: takes the first simpler neighbour that still fails the same way, until none does.

Invariant: deterministic, at most ``budget`` executions, and the result fails as the input did;
running it again on its result goes on where a spent budget stopped it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from harness.case.values import Case
from harness.shrink.passes import PASSES, Pass
from ledger.model import ModelError

BUDGET = 3_000


@dataclass(frozen=True, slots=True)
class Reduced:
    """The smallest failing case found, and what finding it took."""

    case: Case
    executions: int
    finished: bool


def reduce(case: Case, still_fails: Callable[[Case], bool], budget: int = BUDGET) -> Reduced:
    """Shrink ``case``, for which ``still_fails`` holds, to one no pass can simplify further."""
    search = _Search(still_fails, budget)
    improved = True
    while improved and not search.spent:
        improved = False
        for each in PASSES:
            smaller = search.sweep(each, case)
            improved |= smaller is not case
            case = smaller
    return Reduced(case, search.executions, not search.spent)


class _Search:
    """Counts executions and tries candidates."""

    def __init__(self, still_fails: Callable[[Case], bool], budget: int) -> None:
        self.executions = 0
        self._still_fails = still_fails
        self._budget = budget

    @property
    def spent(self) -> bool:
        """Tell whether no execution is left."""
        return self.executions >= self._budget

    def sweep(self, offers: Pass, case: Case) -> Case:
        """Go once through a pass, moving on from every candidate that still fails.

        After a success the new case's candidates are taken up at the same position: what was
        refused before it would most likely be refused again, and the next sweep looks anyway.
        """
        position = 0
        while True:
            found = None
            for candidate in islice(offers(case), position, None):
                if self._accepts(candidate):
                    found = candidate
                    break
                position += 1
            if found is None:
                return case
            case = found

    def _accepts(self, candidate: Case) -> bool:
        if self.spent:
            return False
        self.executions += 1
        try:
            return self._still_fails(candidate)
        except ModelError:
            return False
