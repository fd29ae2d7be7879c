"""The controls of a campaign: two faulty executors it must catch, a correct one it must not accuse.

They run on the campaign's own cases under its own mix of schedules. The correct one runs on every
case that it took to catch the others. Invariant: what a control gives depends on the seed and its
number alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lockstep.case.file import Setting
from lockstep.run.result import Run
from lockstep.targets.target import Lane

EVERY = 500
"""Cases from one control to the next. It takes five or so, so about one case in a hundred."""
LIMIT = 100
"""Cases within which a canary must be caught."""

CANARIES: Mapping[str, Setting] = {
    "the canary": Setting("canary"),
    "the race canary": Setting("race-canary"),
}
TWIN = Setting("batched")
"""What both canaries are without their faults."""

RunCase = Callable[[Lane, int], Run]
"""Runs the case of this number under the campaign's mix of schedules."""


@dataclass(slots=True)
class Controlled:
    """What controls gave; two of these add up.

    ``canaries`` had to be caught, ``caught`` counts for each how often it was, ``slowest`` is the
    most cases that one took, ``missed`` says what went wrong.
    """

    rounds: int = 0
    canaries: int = 0
    cases: int = 0
    caught: dict[str, int] = field(default_factory=dict)
    slowest: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, other: Controlled) -> None:
        """Add what later controls gave."""
        self.rounds += other.rounds
        self.canaries += other.canaries
        self.cases += other.cases
        for name, count in other.caught.items():
            self.caught[name] = self.caught.get(name, 0) + count
        self.slowest = max(self.slowest, other.slowest)
        self.missed += other.missed


class Controls:
    """The canaries and their twin in one process, each on its own lane."""

    def __init__(self, lane: Callable[[Setting], Lane], run: RunCase) -> None:
        self._canaries = {name: lane(setting) for name, setting in CANARIES.items()}
        self._twin = lane(TWIN)
        self._run = run

    def control(self, number: int) -> Controlled:
        """Run the control that is due at case ``number``."""
        found = Controlled(rounds=1, canaries=len(self._canaries))
        for name, canary in self._canaries.items():
            taken = self._cases_until_caught(canary, number)
            if taken is None:
                cases = f"{LIMIT} cases from {number} on"
                found.missed.append(
                    f"{name} was not caught in {cases}: this campaign proves nothing"
                )
            else:
                found.caught[name] = 1
            found.cases += taken or LIMIT
            found.slowest = max(found.slowest, taken or LIMIT)
        for each in range(number, number + found.slowest):
            found.cases += 1
            if self._run(self._twin, each).verdict.is_failure:
                found.missed.append(
                    f"the correct executor was accused by case {each}: trust no finding"
                )
        return found

    def _cases_until_caught(self, canary: Lane, number: int) -> int | None:
        runs = (self._run(canary, each) for each in range(number, number + LIMIT))
        return next((taken for taken, run in enumerate(runs, 1) if run.verdict.is_failure), None)
