"""A steered lane that believes no announcement: every agreement is tried in other orders."""

from __future__ import annotations

from lockstep.case.values import Case
from lockstep.run.drivers import Ways
from lockstep.run.result import Run
from lockstep.targets.steered import OverLane, SteeredLane
from lockstep.verdict import Verdict
from lockstep_parallel.steps.drivers.protocol import Driver


class ExchangingLane(OverLane):
    """Runs cases on ``lane``, which stays open, and those that agree with steps exchanged too.

    On it a failure that only an exchange shows comes back, shrinks and replays like any other.
    """

    def run(self, case: Case, ways: Ways[Driver]) -> Run:
        """Run ``case`` under the drivers given, then in other orders of the last traces."""
        run = self._lane.run(case, ways)
        return self._lane.run_exchanged(case, run).failing or run


def showing(lane: SteeredLane, verdict: str) -> SteeredLane:
    """Return the lane on which failures of ``lane`` that ended with ``verdict`` show again.

    Where two steps are blamed that announce nothing in common, only their exchange shows it.
    """
    return ExchangingLane(lane) if verdict == Verdict.UNANNOUNCED.value else lane
