"""Investigates a failure: keeps it, settles it by the way back that its lane has, keeps that."""

from __future__ import annotations

from collections.abc import Callable

from lockstep.case.deviation import Schedule
from lockstep.case.file import Record
from lockstep.case.values import Case
from lockstep.findings.drift import expected_documents, observed_documents
from lockstep.findings.finding import Finding
from lockstep.findings.keeping import Keeper, Kept
from lockstep.findings.way_back import way_back
from lockstep.run.fingerprint import fingerprint, signature_of
from lockstep.run.result import Run
from lockstep.shrink.reduce import Watch
from lockstep.shrink.same_failure import schedule_of
from lockstep.targets.target import Lane


def investigate(
    case: Case,
    run: Run,
    lane: Lane,
    origin: dict[str, str],
    keeper: Keeper,
    kept: Kept,
    between: Callable[[], None] = lambda: None,
) -> Finding:
    """Shrink a ``case`` that failed in ``run`` on ``lane`` and was ``kept``, and keep it.

    ``between`` is called between any two candidates. Wherever this is interrupted, the smallest
    form so far is in the file.
    """
    kind = fingerprint(lane.setting.executor, run)
    raw = met_record(case, run, lane, origin)

    def smaller(smaller_case: Case, schedule: Schedule) -> None:
        nonlocal kept
        kept = keeper.smaller(
            kept,
            Record(
                case=smaller_case,
                origin=raw.origin,
                description=raw.description,
                setting=raw.setting,
                schedule=schedule,
                verdict=raw.verdict,
            ),
        )

    settled = way_back(lane).settle(case, run, Watch(smaller, between))
    words = {each.field: each.actual for each in settled.run.differences if each.field == "stderr"}
    record = settled.record(lane.setting, raw.origin | words)
    return Finding(
        fingerprint=kind,
        setting=lane.setting,
        original_transactions=case.transactions(),
        settled=settled,
        kept=keeper.settled(kept, record, kind),
    )


def met_record(case: Case, run: Run, lane: Lane, origin: dict[str, str]) -> Record:
    """Return the case file of a failure that was just met."""
    return Record(
        case=case,
        origin=origin | lane.identity(),
        description=" ".join(signature_of(run)),
        setting=lane.setting,
        schedule=schedule_of(run, lane.setting.workers),
        trace=run.trace(),
        expected=expected_documents(run),
        observed=observed_documents(run),
        verdict=run.verdict.value,
    )
