"""Findings on disk: one folder a kind of failure, in it the shrunk case.

Invariant: a finding is written whole or not at all, and one that is there is never overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.case.file import Record, Setting, save
from harness.case.values import Case
from harness.faults import HarnessFault
from harness.replay import expected_documents, observed_documents
from harness.run import Run
from harness.runner import Runner
from harness.shrink.reduce import BUDGET, reduce
from harness.triage import fingerprint, signature_of

FINDINGS = Path("corpora/findings")


@dataclass(frozen=True, slots=True)
class Finding:
    """A failure of a new kind: its shrunk case and run, and the file it is kept in.

    A file that was there already for this kind is left as it is. ``finished`` is False when the
    budget of executions ended the shrinking.
    """

    fingerprint: str
    setting: Setting
    original_transactions: int
    case: Case
    run: Run
    schedule: tuple[tuple[str, str], ...]
    executions: int
    finished: bool
    path: Path


def investigate(
    case: Case, run: Run, runner: Runner, origin: dict[str, str], folder: Path
) -> Finding:
    """Shrink a failing case and keep it.

    Raises ``HarnessFault`` when the disk refuses; what was written before stays whole.
    """
    schedule = tuple(step for block in run.blocks for step in block.schedule)
    wanted = signature_of(run)

    def fails_under(steps: tuple[tuple[str, str], ...], candidate: Case) -> bool:
        again = runner.run_recorded(candidate, steps)
        return again.verdict.is_failure and signature_of(again) == wanted

    if fails_under((), case):
        schedule = ()
    reduced = reduce(case, lambda candidate: fails_under(schedule, candidate), BUDGET)
    smallest, final = reduced.case, runner.run_recorded(reduced.case, schedule)
    if not final.verdict.is_failure:
        smallest, final = case, run
    kept = tuple(step for block in final.blocks for step in block.schedule)
    name = fingerprint(runner.setting.executor, final)
    record = Record(
        case=smallest,
        origin=origin,
        description=" ".join(signature_of(final)),
        setting=runner.setting,
        schedule=kept,
        expected=expected_documents(final),
        observed=observed_documents(final),
        verdict=final.verdict.value,
    )
    return Finding(
        fingerprint=name,
        setting=runner.setting,
        original_transactions=case.transactions(),
        case=smallest,
        run=final,
        schedule=kept,
        executions=reduced.executions,
        finished=reduced.finished,
        path=_keep(record, folder / name),
    )


def _keep(record: Record, folder: Path) -> Path:
    known = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if known:
        return known[0]
    try:
        return save(record, folder)
    except OSError as error:
        raise HarnessFault(f"cannot write the finding to {folder}: {error.strerror}") from error
