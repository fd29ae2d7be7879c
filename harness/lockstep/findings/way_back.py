"""How a failure is brought back: by its schedule or by repetition, as its lane says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lockstep.case.file import Record
from lockstep.case.values import Case
from lockstep.findings.by_repetition import ByRepetition
from lockstep.findings.by_schedule import BySchedule
from lockstep.findings.finding import Settled
from lockstep.findings.replayed import BroughtBack
from lockstep.run.result import Run
from lockstep.shrink.reduce import Watch
from lockstep.targets.exchanging import ExchangingLane
from lockstep.targets.repeated import RepeatedLane
from lockstep.targets.steered import SteeredLane
from lockstep.targets.target import Lane
from lockstep.verdict import Verdict


class WayBack(Protocol):
    """Brings failures of one lane back."""

    def settle(self, case: Case, run: Run, watch: Watch = ...) -> Settled:
        """Shrink a ``case`` that failed in ``run``, and find out how surely it fails again."""
        ...

    def simplest(self, settled: Settled, between: Callable[[], None]) -> Settled:
        """Shrink on, whatever it then looks like, to the simplest failure that is in there."""
        ...

    def replay(self, record: Record, *, strict: bool) -> BroughtBack:
        """Run a saved case again until its failure is back, or ought to be."""
        ...


def way_back(lane: Lane, verdict: str) -> WayBack:
    """Return the way in which failures on ``lane`` that ended with ``verdict`` come back.

    Where two steps are blamed that announce nothing in common, only their exchange shows it.
    """
    match lane:
        case SteeredLane():
            exchanges = verdict == Verdict.UNANNOUNCED.value
            return BySchedule(ExchangingLane(lane) if exchanges else lane)
        case RepeatedLane():
            return ByRepetition(lane)
        case _:
            raise AssertionError(f"{type(lane).__name__} says no way back")
