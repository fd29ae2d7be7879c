"""Growing a corpus: a campaign's cases, of which those are kept that do something new.

Invariant: the same corpus, seed and number of cases add the same files; no file that was there is
changed or removed, and a case that any executor fails on is no seed but a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lockstep.case.file import Record
from lockstep.case.values import Case
from lockstep.corpus.distill import Candidate, distill
from lockstep.corpus.feedback import Feedback
from lockstep.corpus.observe import Member, Observer
from lockstep.generate.mixture import case_at

GROWING_SHARE = 0.5
"""How many of the cases are near a kept one: here the corpus is the aim, not speed."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The records to add, and how many facts they bring; ``failing`` cases were left out."""

    added: tuple[Record, ...]
    before: int
    after: int
    failing: tuple[int, ...]


def grow(
    members: Sequence[Member],
    observer: Observer,
    seed: str,
    cases: int,
    met: Callable[[int, Record | None], None] = lambda _number, _record: None,
) -> Growth:
    """Run ``cases`` cases of ``seed`` and return those that a corpus of ``members`` lacks.

    ``met`` is told after every case how many there were, and of the case if it did something new;
    not all of those are needed in the end.
    """
    feedback = Feedback(seed, (), GROWING_SHARE)
    for member in members:
        feedback.see_facts(member.record.case, member.observed.facts)
    before = frozenset(feedback.facts)
    fresh: dict[str, tuple[Case, int]] = {}
    candidates, failing = [], []
    for number in range(cases):
        case = feedback.case(number, case_at(seed, number))
        observed = observer.observe(case)
        new_one = None
        if not observed.agrees:
            failing.append(number)
        elif feedback.see_facts(case, observed.facts):
            name = f"{number:09}"
            fresh[name] = case, number
            new = observed.facts - before
            candidates.append(Candidate(name, new, case.transactions()))
            new_one = _record(case, number, seed)
        met(number + 1, new_one)
    kept = [each for each in distill(candidates) if each.facts]
    added = tuple(_record(*fresh[each.name], seed) for each in kept)
    return Growth(added, len(before), len(feedback.facts), tuple(failing))


def _record(case: Case, number: int, seed: str) -> Record:
    return Record(case, {"kind": "grown", "seed": seed, "case": str(number)})
