"""What the cases of a campaign gave: counts that add up, and the failures among them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lockstep.campaign.controls import Controlled
from lockstep.campaign.health import Measure
from lockstep.case.values import Case
from lockstep.corpus.behaviours import Fact
from lockstep.run.overlap import Overlap
from lockstep.run.result import Run
from lockstep.verdict import Verdict

ENOUGH = 3
"""Hangs and crashes with which a campaign may begin before it is given up."""
BREAKING = frozenset({Verdict.HANG.value, Verdict.CRASH.value})


@dataclass(frozen=True, slots=True)
class Failure:
    """A failing case and its number, the setting it failed under, its bin and its run.

    ``killed`` means that the process died of it: its run tells how, and nothing more. ``earlier``
    are the cases that the same executor had run before.
    """

    number: int
    setting: int
    fingerprint: str
    case: Case
    run: Run
    killed: bool = False
    earlier: tuple[Case, ...] = ()


@dataclass(slots=True)
class Tally:
    """What some cases gave; tallies add up.

    ``unsupported`` counts runs by why they were and ``first_unsupported`` has the number of the
    first case of each; ``not_compared`` counts runs by what they left out,
    ``compared`` by executor those that were not unsupported, ``ended`` all by verdict and executor.
    ``exchanged`` counts the runs that were repeated in other ``orders`` of independent steps.
    ``overlap`` is how parallel the executions were, by executor that told. ``facts`` are what the
    runs under the first setting did, ``bins`` counts failures by bin, and ``failures`` are the
    first of each bin. ``hopeless`` says why it makes no sense to go on.
    """

    cases: int = 0
    executions: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    unsupported: Counter[str] = field(default_factory=Counter)
    first_unsupported: dict[str, int] = field(default_factory=dict)
    not_compared: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    exchanged: int = 0
    orders: int = 0
    overlap: dict[str, Overlap] = field(default_factory=dict)
    measure: Measure = field(default_factory=Measure)
    controls: Controlled = field(default_factory=Controlled)
    facts: set[Fact] = field(default_factory=set)
    bins: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    hopeless: str = ""

    def overlap_with(self, executor: str, overlap: Overlap) -> None:
        """Count what an executor told of how parallel its executions were."""
        if overlap.executions:
            self.overlap[executor] = self.overlap.get(executor, Overlap()) + overlap

    def add(self, other: Tally) -> None:
        """Add the counts of ``other``, a later chunk; its failures are another matter."""
        self.cases += other.cases
        self.executions += other.executions
        self.exchanged += other.exchanged
        self.orders += other.orders
        for verdict, count in other.verdicts.items():
            self.verdicts[verdict] = self.verdicts.get(verdict, 0) + count
        self.unsupported += other.unsupported
        self.first_unsupported = other.first_unsupported | self.first_unsupported
        self.not_compared += other.not_compared
        self.compared += other.compared
        self.ended += other.ended
        for executor, overlap in other.overlap.items():
            self.overlap_with(executor, overlap)
        self.measure.add(other.measure)
        self.controls.add(other.controls)
        self.facts |= other.facts
        self.bins += other.bins
        self.hopeless = self.hopeless or other.hopeless


def hopelessness(start: int, tally: Tally) -> str:
    """Say that a campaign begins with nothing but hangs and crashes; empty if it does not."""
    if start or sum(tally.verdicts.values()) < ENOUGH or not tally.verdicts.keys() <= BREAKING:
        return ""
    words = " and ".join(sorted(tally.verdicts))
    return f"the first {tally.cases} cases all ended in {words}: nothing else can be found"
