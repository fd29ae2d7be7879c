"""The reducer: takes the first simpler neighbour that still fails the same way, until none does.

Case and schedule shrink together, in the order (transactions, deviations, values). Invariant:
deterministic, at most ``budget`` executions, and the result fails as the input did; running it
again on its result goes on where a spent budget stopped it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from lockstep.case.deviation import Schedule
from lockstep.case.values import Case
from lockstep.shrink.passes import PASSES, Pass
from lockstep.shrink.structure import drop_steps, drop_transactions, exchange_neighbours
from lockstep_ledger.model import ModelError

BUDGET = 5_000
FEWER_LIMIT = 200
"""Executions spent on looking for a schedule with fewer deviations where none can be dropped."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Whether a candidate failed the same way: then ``schedule`` is one it fails under."""

    schedule: Schedule | None
    executions: int


class FailureTest(Protocol):
    """Runs candidates and recognises the failure."""

    def attempt(self, case: Case, schedule: Schedule) -> Attempt:
        """Run ``case`` under ``schedule``."""
        ...

    def search(self, case: Case) -> Attempt:
        """Look for a schedule under which ``case`` fails, within a small bound."""
        ...

    def fewer(self, case: Case, schedule: Schedule, limit: int) -> Attempt:
        """Look for a schedule with fewer deviations, in at most ``limit`` executions."""
        ...


@dataclass(frozen=True, slots=True)
class Reduced:
    """The smallest failing case and schedule found, and what finding them took."""

    case: Case
    schedule: Schedule
    executions: int
    finished: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """Follows a reduction: told of every smaller failure, and called between any two attempts."""

    smaller: Callable[[Case, Schedule], None] = lambda _case, _schedule: None
    between: Callable[[], None] = lambda: None


UNWATCHED = Watch()


def reduce(
    case: Case,
    schedule: Schedule,
    test: FailureTest,
    budget: int = BUDGET,
    watch: Watch = UNWATCHED,
    passes: Sequence[Pass] = PASSES,
) -> Reduced:
    """Shrink a case that fails under ``schedule`` until none of ``passes`` can simplify either."""
    search = _Search(case, schedule, test, budget, watch, passes)
    search.leave_out()
    while search.improve(searching=True) or search.exchange():
        while search.improve(searching=False):
            pass
    return Reduced(search.case, search.schedule, search.executions, not search.spent)


class _Search:
    """The smallest failure so far, and the executions used."""

    def __init__(
        self,
        case: Case,
        schedule: Schedule,
        test: FailureTest,
        budget: int,
        watch: Watch,
        passes: Sequence[Pass],
    ) -> None:
        self.case = case
        self.schedule = schedule
        self.executions = 0
        self._test = test
        self._budget = budget
        self._watch = watch
        self._passes = passes
        self._searching = True
        self._settled: dict[Pass, tuple[Case, Schedule, bool]] = {}

    @property
    def spent(self) -> bool:
        """Tell whether no execution is left."""
        return self.executions >= self._budget

    def leave_out(self) -> None:
        """Leave out what the schedule at hand does not need, which costs one execution each.

        Looking for another schedule for every candidate would spend the budget on a long case.
        """
        self._searching = False
        self._reduce_schedule()
        for each in (drop_steps, drop_transactions):
            self._sweep(each)

    def improve(self, searching: bool) -> bool:
        """Sweep once through every pass; tell whether anything got smaller.

        Without ``searching`` no other schedule is looked for: that costs most, and hardly ever
        finds anything that it did not find before the values got smaller.
        """
        self._searching = searching
        improved = self._reduce_schedule()
        for each in self._passes:
            if self._sweep(each):
                improved = True
                self._reduce_schedule()
            if each is drop_transactions and self._search_fewer():
                improved = True
        return improved

    def _sweep(self, offers: Pass) -> bool:
        """Go once through a pass, moving on from every candidate that still fails.

        After a success the new case's candidates are taken up at the same position: what was
        refused before it would most likely be refused again, and the next sweep looks anyway.
        """
        if self._is_settled(offers):
            return False
        position, improved = 0, False
        while True:
            for candidate in islice(offers(self.case), position, None):
                if self._accepts(candidate):
                    improved = True
                    break
                position += 1
            else:
                if not improved and not self.spent:
                    self._settled[offers] = (self.case, self.schedule, self._searching)
                return improved

    def _is_settled(self, offers: Pass) -> bool:
        """Tell whether the pass has gone through just this failure and found nothing."""
        case, schedule, searched = self._settled.get(offers, (None, (), False))
        return case is self.case and schedule == self.schedule and searched >= self._searching

    def _accepts(self, candidate: Case) -> bool:
        if self.spent:
            return False
        try:
            found = self._tried(self._test.attempt(candidate, self.schedule))
            fewer = candidate.transactions() < self.case.transactions()
            if self._searching and found is None and self.schedule and fewer and not self.spent:
                found = self._tried(self._test.search(candidate))
        except ModelError:
            return False
        if found is None:
            return False
        self._take(candidate, found)
        return True

    def _reduce_schedule(self) -> bool:
        """Drop deviations, many at a time first."""
        improved = False
        progress = True
        while progress and self.schedule:
            progress = False
            for shorter in _shorter(self.schedule):
                if self.spent:
                    return improved
                found = self._tried(self._test.attempt(self.case, shorter))
                if found is not None and len(found) < len(self.schedule):
                    self._take(self.case, found)
                    progress = improved = True
                    break
        return improved

    def _search_fewer(self) -> bool:
        """Replace the schedule by another with fewer deviations; dropping one leaves none of one.

        This comes before the values: lowering them can leave no failure with fewer deviations.
        """
        return self._searching and self._has_fewer(self.case)

    def exchange(self) -> bool:
        """Replace the schedule by one with fewer deviations of neighbours in the other order.

        What has to overtake and then be overtaken may as well be first from the start.
        """
        return any(self._has_fewer(candidate) for candidate in exchange_neighbours(self.case))

    def _has_fewer(self, candidate: Case) -> bool:
        if len(self.schedule) < 2 or self.spent:
            return False
        limit = min(FEWER_LIMIT, self._budget - self.executions)
        found = self._tried(self._test.fewer(candidate, self.schedule, limit))
        if found is None:
            return False
        self._take(candidate, found)
        return True

    def _take(self, case: Case, schedule: Schedule) -> None:
        self.case, self.schedule = case, schedule
        self._watch.smaller(case, schedule)

    def _tried(self, attempt: Attempt) -> Schedule | None:
        self._watch.between()
        self.executions += attempt.executions
        return attempt.schedule


def _shorter(schedule: Schedule) -> Iterator[Schedule]:
    length = len(schedule)
    while length:
        for start in range(0, len(schedule) - length + 1, length):
            yield schedule[:start] + schedule[start + length :]
        length //= 2
