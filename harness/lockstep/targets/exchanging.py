"""A steered lane that believes no announcement: every agreement is tried in other orders."""

from __future__ import annotations

from lockstep.case.values import Case
from lockstep.run.drivers import Ways
from lockstep.run.result import Run
from lockstep.targets.steered import OverLane
from lockstep_parallel.steps.drivers.protocol import Driver


class ExchangingLane(OverLane):
    """Runs cases on ``lane``, which stays open, and those that agree with steps exchanged too.

    On it a failure that only an exchange shows comes back, shrinks and replays like any other.
    """

    def run(self, case: Case, ways: Ways[Driver]) -> Run:
        """Run ``case`` under the drivers given, then in other orders of the last traces."""
        run = self._lane.run(case, ways)
        return self._lane.run_exchanged(case, run).failing or run
