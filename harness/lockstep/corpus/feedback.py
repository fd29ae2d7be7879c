"""Which case is next: a new one, a seed, or one near a case that did something new.

Invariant: the cases of a chunk depend on its numbers, on the plan's seed and seeds, and on what the
chunk's own earlier cases did; never on another chunk, so not on the number of processes either.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.case.values import Case
from lockstep.corpus.behaviours import Fact, facts_of
from lockstep.generate.mutate import mutate
from lockstep.run.result import Run
from lockstep.streams import stream

MUTATED_SHARE = 0.05
"""How many of the cases are near an earlier one; decision 31 says why not more."""


class Feedback:
    """What the cases of one chunk did so far, and those of them that did something first.

    ``seeds`` are cases to begin with: the first numbers of a campaign are the seeds as they are.
    """

    def __init__(self, seed: str, seeds: Sequence[Case] = (), share: float = MUTATED_SHARE) -> None:
        self.facts: set[Fact] = set()
        self.kept: list[Case] = list(seeds)
        self._seed = seed
        self._seeds = seeds
        self._share = share

    def case(self, number: int, fresh: Case) -> Case:
        """Return the case to run as ``number``, for which ``fresh`` was generated."""
        if number < len(self._seeds):
            return self._seeds[number]
        random = stream(self._seed, "feedback", number)
        if not self.kept or random.random() >= self._share:
            return fresh
        return mutate(random.choice(self.kept), fresh, random)

    def see(self, case: Case, run: Run) -> bool:
        """Note what ``case`` did; keep it and return True if some of that is new here."""
        return self.see_facts(case, facts_of(case, run))

    def see_facts(self, case: Case, facts: frozenset[Fact]) -> bool:
        """Note ``facts`` of ``case``; keep it and return True if some of them are new here."""
        if facts <= self.facts:
            return False
        self.facts |= facts
        self.kept.append(case)
        return True
