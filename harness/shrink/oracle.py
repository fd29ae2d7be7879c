"""Recognises one failure: runs a candidate and says whether it fails with the same signature."""

from __future__ import annotations

from harness.case.values import Case
from harness.run import Run
from harness.runner import Runner, Schedule
from harness.schedules.deviations import deviations_of
from harness.shrink.reduce import Attempt
from harness.triage import signature_of

SEARCH_LIMIT = 48
"""Executions spent on a candidate with fewer transactions that its schedule does not make fail."""


class SameFailure:
    """Accepts the runs that fail with ``wanted``, the signature of the failure being shrunk."""

    def __init__(self, runner: Runner, wanted: tuple[str, ...]) -> None:
        self._runner = runner
        self._wanted = wanted

    def attempt(self, case: Case, schedule: Schedule) -> Attempt:
        """Run ``case`` under ``schedule``."""
        run = self._runner.run_deviating(case, schedule)
        if not self.recognises(run):
            return Attempt(None, run.executions)
        met = schedule_of(run) if schedule else ()
        return Attempt(met if len(met) <= len(schedule) else schedule, run.executions)

    def search(self, case: Case) -> Attempt:
        """Try the traces of ``case``, a bounded number of them."""
        run = self._runner.run_exhaustively(case, SEARCH_LIMIT)
        if not self.recognises(run):
            return Attempt(None, run.executions)
        found = schedule_of(run)
        again = self._runner.run_deviating(case, found)
        return Attempt(found if self.recognises(again) else None, run.executions + again.executions)

    def recognises(self, run: Run) -> bool:
        """Tell whether ``run`` is the same failure."""
        return run.verdict.is_failure and signature_of(run) == self._wanted


def schedule_of(run: Run) -> Schedule:
    """Return the schedule of a failing run: the deviations of the block it failed in.

    The blocks before it agreed, so they need none.
    """
    if not run.blocks:
        return ()
    last = run.blocks[-1]
    return deviations_of(last.trace, last.ids)
