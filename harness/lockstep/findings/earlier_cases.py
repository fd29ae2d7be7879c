"""Failures that depend on earlier cases: the shortest run of them after which a case fails.

An executor that keeps something from case to case may fail in one that it passes alone. Invariant:
every trial is made on a new executor, which runs the earlier cases in the sequential order, so what
is found fails again from the file alone.
"""

from __future__ import annotations

from collections.abc import Callable

from lockstep.case.deviation import Schedule
from lockstep.case.values import Case
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.shrink.same_failure import schedule_of
from lockstep.targets.steered import FreshLane, SteeredLane

Cases = tuple[Case, ...]
Fails = Callable[[Cases], bool]


def shortest_run(
    case: Case, run: Run, lane: SteeredLane, earlier: Cases, between: Callable[[], None]
) -> Cases:
    """Return few of the ``earlier`` cases after which ``case`` fails as in ``run``; none if none.

    ``between`` is called between any two trials.
    """
    wanted = signature_of(run)
    for schedule in dict.fromkeys(((), schedule_of(run, lane.setting.workers))):

        def fails(cases: Cases, schedule: Schedule = schedule) -> bool:
            between()
            ended = FreshLane(lane, cases).run_deviating(case, schedule)
            return ended.verdict.is_failure and signature_of(ended) == wanted

        if earlier and fails(earlier):
            return _without_singles(_halved(earlier, fails), fails)
    return ()


def _halved(cases: Cases, fails: Fails) -> Cases:
    """Leave out one half after another, the older first."""
    while len(cases) > 1:
        middle = len(cases) // 2
        half = next((each for each in (cases[middle:], cases[:middle]) if fails(each)), None)
        if half is None:
            break
        cases = half
    return cases


def _without_singles(cases: Cases, fails: Fails) -> Cases:
    """Leave out one case after another; none that is left can be spared alone."""
    spared = True
    while spared:
        spared = False
        for position in reversed(range(len(cases))):
            fewer = cases[:position] + cases[position + 1 :]
            if fails(fewer):
                cases, spared = fewer, True
    return cases
