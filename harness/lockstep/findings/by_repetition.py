"""Settles what a failing run of a program is worth: how often it fails, and its smallest case.

A program's interleavings are its own, so a candidate is tried as often as the measured rate asks
for. Invariant: a failure that does not come back every time is ``flaky``, whatever it was first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, log

from lockstep.case.deviation import Schedule
from lockstep.case.manner import SEQUENTIAL, Manner
from lockstep.case.reproduction import Reproduction
from lockstep.case.values import Case
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.shrink.reduce import BUDGET, Attempt, Reduced, reduce
from lockstep.targets.runner import Runner
from lockstep.verdict import Verdict

TRIALS = 30
HANG_TRIALS = 2
"""Every trial of a hang waits for its deadline."""
MOST_REPEATS = 20
MISSED = 0.05
"""How often a candidate that still fails may be taken for one that does not."""
BUDGETS = {Verdict.HANG: 6, Verdict.CRASH: 100, Verdict.PROTOCOL_ERROR: 100}
"""Executions spent on shrinking what ends the process, which then starts anew each time."""

_ALIKE = frozenset({Verdict.DIVERGE, Verdict.SELF_DIVERGE})


@dataclass(frozen=True, slots=True)
class Settled:
    """The smallest case, a run of it that fails, and how often it does."""

    reduced: Reduced
    run: Run
    reproduction: Reproduction


def settle(case: Case, run: Run, runner: Runner) -> Settled:
    """Measure, shrink and measure again a ``case`` that failed in ``run``."""
    manner = failing_manner(run, runner)
    trials = HANG_TRIALS if run.verdict is Verdict.HANG else TRIALS
    oracle = _Repeating(runner, run, manner)
    before = oracle.measured(case, trials)
    if before.failed == 0:
        lost = Reduced(case, (), trials, finished=False)
        return Settled(lost, replace(run, verdict=Verdict.FLAKY), before)
    oracle.repeats = _repeats(before)
    reduced = reduce(case, (), oracle, BUDGETS.get(run.verdict, BUDGET))
    after = oracle.measured(reduced.case, trials)
    final = oracle.seen if after.failed else None
    if final is None:
        return Settled(Reduced(case, (), reduced.executions, finished=False), run, before)
    if not after.is_certain:
        final = replace(final, verdict=Verdict.FLAKY)
    elif run.verdict is Verdict.SELF_DIVERGE:
        final = held_against_itself(reduced.case, final, runner, manner)
    executions = reduced.executions + before.runs + after.runs
    return Settled(replace(reduced, executions=executions), final, after)


def failing_manner(run: Run, runner: Runner) -> Manner:
    """Return the manner in which ``run`` failed."""
    manner = run.blocks[-1].manner if run.blocks else None
    return manner or Manner(workers=runner.setting.workers)


def held_against_itself(case: Case, final: Run, runner: Runner, manner: Manner) -> Run:
    """Show by which other manner the program differs from itself, if this case still shows it."""

    def both(_ids: tuple[str, ...]) -> Iterator[Manner]:
        yield manner
        yield Manner(workers=1)
        yield Manner(SEQUENTIAL, 1)

    run = runner.run_in(case, both)
    return run if run.verdict is Verdict.SELF_DIVERGE else final


class _Repeating:
    """Recognises one failure in up to ``repeats`` runs of a candidate, all in one manner.

    ``seen`` is the last run that was recognised.
    """

    def __init__(self, runner: Runner, wanted: Run, manner: Manner) -> None:
        self.repeats = 1
        self.seen: Run | None = None
        self._runner = runner
        self._verdict = wanted.verdict
        self._kind = signature_of(wanted)[1:]
        self._manner = manner

    def attempt(self, case: Case, _schedule: Schedule) -> Attempt:
        """Run ``case`` until it fails the same way, ``repeats`` times at most."""
        executions = 0
        for _ in range(self.repeats):
            run = self._run(case)
            executions += run.executions
            if self.recognises(run):
                return Attempt((), executions)
        return Attempt(None, executions)

    def search(self, _case: Case) -> Attempt:
        """Find nothing: there are no schedules to search."""
        return Attempt(None, 0)

    def fewer(self, _case: Case, _schedule: Schedule, _limit: int) -> Attempt:
        """Find nothing: there are no deviations."""
        return Attempt(None, 0)

    def measured(self, case: Case, trials: int) -> Reproduction:
        """Run ``case`` so many times and count the failures."""
        failed = sum(self.recognises(self._run(case)) for _ in range(trials))
        return Reproduction(failed, trials, self._manner)

    def recognises(self, run: Run) -> bool:
        """Tell whether ``run`` fails as the wanted one did."""
        alike = run.verdict is self._verdict or {run.verdict, self._verdict} <= _ALIKE
        if not alike or signature_of(run)[1:] != self._kind:
            return False
        self.seen = run
        return True

    def _run(self, case: Case) -> Run:
        return self._runner.run_in(case, lambda _ids: iter((self._manner,)))


def _repeats(measured: Reproduction) -> int:
    """Return how often a candidate is run before it is taken not to fail."""
    if measured.is_certain:
        return 1
    rate = measured.failed / measured.runs
    return min(MOST_REPEATS, ceil(log(MISSED) / log(1 - rate)))
