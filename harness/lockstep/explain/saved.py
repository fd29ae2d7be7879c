"""Explains a saved case: whether it still fails, whether that is a race, and if so which."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.case.deviation import Schedule
from lockstep.case.file import Record
from lockstep.explain.investigate import Investigation, investigate_race
from lockstep.explain.likelihood import Likelihood, likelihoods
from lockstep.explain.race import Race
from lockstep.explain.unannounced import unannounced_sentence
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.shrink.same_failure import SameFailure, schedule_of
from lockstep.targets.steered import FreshLane, SteeredLane
from lockstep.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Explained:
    """The run that was explained, and the race if it takes one.

    ``likelihoods`` says how likely the failure became at each step, if that was asked for;
    ``unannounced`` says of a failure that only an exchange shows which two steps it takes.
    """

    record: Record
    executor: str
    run: Run
    schedule: Schedule
    race: Race | None
    likelihoods: tuple[Likelihood, ...] = ()
    unannounced: str = ""


def explain_record(record: Record, lane: SteeredLane, continuations: int) -> Explained:
    """Explain ``record`` on the lane's executor; 0 ``continuations`` ask for no likelihoods."""
    if record.after:
        lane = FreshLane(lane, record.after)
    if record.verdict == Verdict.UNANNOUNCED.value:
        plain = lane.run_deviating(record.case, record.schedule)
        shown = lane.run_exchanged(record.case, plain)
        if shown.failing is not None and shown.blamed is not None:
            told = unannounced_sentence(lane, record.case, shown.blamed)
            name = lane.setting.executor
            return Explained(record, name, shown.failing, record.schedule, None, unannounced=told)
    found = _investigate(record, lane)
    run = found.failing.run
    if found.sequential.run.verdict.is_failure:
        run = found.sequential.run
    race = found.race if run.verdict.is_failure else None
    shares = _shares(record, lane, run, race, continuations)
    return Explained(record, lane.setting.tested, run, tuple(found.schedule), race, shares)


def _investigate(record: Record, lane: SteeredLane) -> Investigation:
    """Run under the recorded deviations, else under the recorded trace."""
    found = investigate_race(lane, record.case, record.schedule)
    if found.failing.run.verdict.is_failure or not record.trace:
        return found
    traced = lane.run_trace(record.case, record.trace)
    if not traced.verdict.is_failure:
        return found
    schedule = schedule_of(traced, lane.setting.workers)
    return investigate_race(lane, record.case, schedule)


def _shares(
    record: Record, lane: SteeredLane, run: Run, race: Race | None, continuations: int
) -> tuple[Likelihood, ...]:
    if race is None or continuations == 0:
        return ()
    same = SameFailure(lane, signature_of(run))
    return likelihoods(lane, record.case, race.block, race.here, same, continuations)
