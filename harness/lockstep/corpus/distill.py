"""A small set of cases that covers what many do: greedy weighted set cover.

Invariant: what is kept has exactly the facts of the whole, and nothing kept is dispensable: each
case has a fact that no other kept one has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lockstep.corpus.behaviours import Fact

COST_OF_A_CASE = 4
"""What a case costs besides its transactions: with less, many tiny cases stand for a larger one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case by its name: its facts, and how many transactions it has."""

    name: str
    facts: frozenset[Fact]
    transactions: int


def distill(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return a covering set of ``candidates`` in the order of names, the same in any order."""
    chosen: list[Candidate] = []
    left = sorted(candidates, key=lambda each: each.name)
    uncovered = set().union(*(each.facts for each in left))
    while uncovered:
        best = max(left, key=lambda each: _worth(each, uncovered))
        chosen.append(best)
        uncovered -= best.facts
        left = [each for each in left if each is not best and each.facts & uncovered]
    return sorted(_without_dispensable(chosen), key=lambda each: each.name)


def covered(candidates: Sequence[Candidate]) -> Mapping[Fact, int]:
    """Return every fact with the number of candidates that have it."""
    return Counter(fact for each in candidates for fact in each.facts)


def _worth(candidate: Candidate, uncovered: set[Fact]) -> float:
    return len(candidate.facts & uncovered) / (COST_OF_A_CASE + candidate.transactions)


def _without_dispensable(chosen: list[Candidate]) -> list[Candidate]:
    """Drop what the later choices made dispensable, the largest cases first."""
    counts = Counter(fact for each in chosen for fact in each.facts)
    kept = list(chosen)
    for candidate in sorted(chosen, key=lambda each: (-each.transactions, each.name)):
        if all(counts[fact] > 1 for fact in candidate.facts):
            counts.subtract(candidate.facts)
            kept.remove(candidate)
    return kept
