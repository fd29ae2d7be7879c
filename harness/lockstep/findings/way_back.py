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
from lockstep.targets.exchanging import showing
from lockstep.targets.repeated import RepeatedLane
from lockstep.targets.steered import SteeredLane
from lockstep.targets.target import Lane


class WayBack(Protocol):
    """Brings failures of one lane back."""

    def settle(
        self, case: Case, run: Run, watch: Watch = ..., earlier: tuple[Case, ...] = ...
    ) -> Settled:
        """Shrink a ``case`` that failed in ``run``, and find out how surely it fails again.

        ``earlier`` are the cases that the executor had run before.
        """
        ...

    def simplest(self, settled: Settled, between: Callable[[], None]) -> Settled:
        """Shrink on, whatever it then looks like, to the simplest failure that is in there."""
        ...

    def replay(self, record: Record, *, strict: bool) -> BroughtBack:
        """Run a saved case again until its failure is back, or ought to be."""
        ...


def way_back(lane: Lane, verdict: str, after: tuple[Case, ...] = ()) -> WayBack:
    """Return the way in which failures on ``lane`` that ended with ``verdict`` come back.

    ``after`` are cases that the executor has to run before.
    """
    match lane:
        case SteeredLane():
            return BySchedule(showing(lane, verdict), after)
        case RepeatedLane():
            return ByRepetition(lane)
        case _:
            raise AssertionError(f"{type(lane).__name__} says no way back")
