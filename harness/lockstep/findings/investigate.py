"""Investigates a failure: settles it by the way back that its lane has, and keeps it."""

from __future__ import annotations

from pathlib import Path

from lockstep.case.values import Case
from lockstep.findings.finding import Finding, keep
from lockstep.findings.way_back import way_back
from lockstep.run.fingerprint import fingerprint
from lockstep.run.result import Run
from lockstep.targets.target import Lane


def investigate(case: Case, run: Run, lane: Lane, origin: dict[str, str], folder: Path) -> Finding:
    """Shrink a ``case`` that failed in ``run`` on ``lane``, and keep it.

    Raises ``HarnessFault`` when the disk refuses; what was written before stays whole.
    """
    settled = way_back(lane).settle(case, run)
    name = fingerprint(lane.setting.executor, run)
    words = {each.field: each.actual for each in settled.run.differences if each.field == "stderr"}
    record = settled.record(lane.setting, origin | words)
    return Finding(
        fingerprint=name,
        setting=lane.setting,
        original_transactions=case.transactions(),
        settled=settled,
        path=keep(record, folder / name),
    )
