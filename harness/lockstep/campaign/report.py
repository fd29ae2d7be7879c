"""What a campaign may spend, what it found, and who is told while it runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from lockstep.campaign.notes import Met
from lockstep.campaign.tally import Tally
from lockstep.findings.finding import Finding, Shape
from lockstep.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a campaign goes on: a number of cases, seconds of wall-clock time.

    It ends with the chunk in which so many ``kinds`` of failure have been met.
    """

    cases: int | None = None
    seconds: float | None = None
    kinds: int | None = None


@dataclass(slots=True)
class Report:
    """What a campaign found.

    ``tally`` counts whole chunks, ``under_way`` what is known of the others. ``kinds`` counts
    failures by kind, those that were not investigated by bin; ``shapes`` are other ways in which a
    kind showed, ``complaints`` the failed health gates and controls, ``fault`` what broke,
    ``unsettled`` the failures that were met and kept, but not investigated any more. ``known``
    counts the failures of the kinds that are set aside, ``verdicts`` are those of all the others.
    """

    tally: Tally = field(default_factory=Tally)
    under_way: Tally = field(default_factory=Tally)
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    known: Counter[str] = field(default_factory=Counter)
    verdicts: set[Verdict] = field(default_factory=set)
    unsettled: list[Met] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    fault: str | None = None


class Observer(Protocol):
    """What is told while a campaign runs."""

    def progress(self, report: Report) -> None:
        """Show where ``report`` stands."""
        ...

    def met(self, met: Met) -> None:
        """Tell of a failure that looks like none before it, before it is investigated."""
        ...

    def found(self, finding: Finding) -> None:
        """Tell that it is of a new kind."""
        ...

    def same(self, shape: Shape) -> None:
        """Tell that it is of a kind that was found before."""
        ...
