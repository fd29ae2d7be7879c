"""Explains a saved case: says whether it still fails, whether that is a race, and if so which."""

from __future__ import annotations

from collections.abc import Callable

from lockstep.case.file import Record
from lockstep.case.text import case_lines
from lockstep.explain.investigate import Investigation, investigate_race
from lockstep.explain.likelihood import Likelihood, likelihoods
from lockstep.explain.lines import race_lines
from lockstep.explain.race import Race
from lockstep.report.finding import difference_lines
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.shrink.same_failure import SameFailure, schedule_of
from lockstep.targets.runner import Runner

Print = Callable[[str], None]


def explain_record(
    record: Record, runner: Runner, continuations: int, out: Print, *, all_steps: bool
) -> Run:
    """Explain ``record`` on the runner's executor and return the run that was explained."""
    found = _investigate(record, runner)
    run, executor = found.failing.run, runner.setting.executor
    if found.sequential.run.verdict.is_failure:
        run = found.sequential.run
    if not run.verdict.is_failure:
        again = " any more" if record.verdict else ""
        out(f"{run.verdict.value}: the case does not fail{again} on {executor}")
        return run
    out(f"{run.verdict.value.upper()}  executor {executor}")
    for line in difference_lines(run.differences):
        out(line)
    for line in case_lines(record.case):
        out(f"  {line}")
    if found.race is None:
        out("fails in the sequential order: no race")
        return run
    for each in found.schedule:
        out(f"  schedule: {each}")
    shares = _shares(record, runner, run, found.race, continuations)
    for line in race_lines(found.race, shares, all_steps=all_steps):
        out(line)
    return run


def _investigate(record: Record, runner: Runner) -> Investigation:
    """Run under the recorded deviations, else under the recorded trace."""
    found = investigate_race(runner, record.case, record.schedule)
    if found.failing.run.verdict.is_failure or not record.trace:
        return found
    traced = runner.run_trace(record.case, record.trace)
    if not traced.verdict.is_failure:
        return found
    schedule = schedule_of(traced, runner.setting.workers)
    return investigate_race(runner, record.case, schedule)


def _shares(
    record: Record, runner: Runner, run: Run, race: Race, continuations: int
) -> tuple[Likelihood, ...]:
    if continuations == 0:
        return ()
    oracle = SameFailure(runner, signature_of(run))
    return likelihoods(runner, record.case, race.block, race.here, oracle, continuations)
