"""Replayed case files as a person reads them: a line for each, what differs, the counts."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.case.file import Setting
from lockstep.findings.files import ReplayedFile, Totals
from lockstep.findings.replay import Replayed
from lockstep.findings.replayed import Rung
from lockstep.foreign.text import shown
from lockstep.report.differences import difference_lines
from lockstep.targets.named import find
from lockstep.verdict import Verdict
from lockstep_ledger.storage.access import SHARED


def replayed_lines(file: ReplayedFile, *, quiet: bool) -> Iterator[str]:
    """Yield what is to be said of one run; ``quiet`` leaves out what agrees."""
    path, replayed = shown(str(file.path)), file.replayed
    run = replayed.run
    by_reference = file.setting.judging.by_reference
    unsupported = run.verdict is Verdict.UNSUPPORTED
    if run.verdict is not Verdict.AGREE or replayed.rung is not Rung.DEVIATIONS or not quiet:
        why = f": {'; '.join(run.why_unsupported())}" if unsupported else ""
        where = f"{shown(_where(file.setting))}{_case_text(file)}{_rung_text(replayed)}"
        yield f"{run.verdict.value} {path} ({where}){why}"
    if not unsupported:
        yield from difference_lines(run.differences)
    if replayed.drift:
        whose = "reference" if by_reference else "oracle"
        whom = shown(file.setting.judging.whose)
        yield f"{whose.upper()} DRIFT {path}: {whom} no longer gives the expected outcome"
        yield from difference_lines(replayed.drift)


def total_lines(totals: Totals) -> Iterator[str]:
    """Yield what was not compared, then the counts, if anything was run."""
    if not totals.verdicts:
        return
    for word, count in sorted(totals.unsupported.items()):
        yield f"unsupported {count}: {word}"
    for word, count in sorted(totals.not_compared.items()):
        yield f"not compared {count}: {word}"
    agree, unsupported = map(totals.verdicts.count, (Verdict.AGREE, Verdict.UNSUPPORTED))
    yield (
        f"{totals.files} cases, {len(totals.verdicts)} runs: {agree} agree, "
        f"{len(totals.verdicts) - agree - unsupported} do not, "
        + (f"{unsupported} unsupported, " if unsupported else "")
        + f"{totals.drifted} with reference drift"
        + (f", {totals.lost} recorded failures did not come back" if totals.lost else "")
        + (f", {totals.another} failed in another way than recorded" if totals.another else "")
        + (f", {totals.refused} files refused" if totals.refused else "")
        + (f", {totals.broken} files broken off" if totals.broken else "")
    )


def _where(setting: Setting) -> str:
    judged = "".join(f", {each}" for each in setting.judging.words())
    if not find(setting.executor).drivers:
        return setting.tested + judged
    access = "" if setting.access == SHARED else f", {setting.access}"
    lines = f", preempted at {setting.preempt}" if setting.preempt else ""
    return f"{setting.tested}, {setting.workers} workers, {setting.driver}{access}{lines}{judged}"


def _case_text(file: ReplayedFile) -> str:
    retries = "" if file.retries is None else f", retries {file.retries}"
    cases = "case" if file.earlier == 1 else "cases"
    return retries + (f", after {file.earlier} other {cases}" if file.earlier else "")


def _rung_text(replayed: Replayed) -> str:
    match replayed.rung:
        case Rung.NONE:
            return "; the recorded failure did not come back"
        case Rung.ANOTHER:
            return "; another failure than the file records"
        case Rung.DEVIATIONS if replayed.unmet:
            return f"; {len(replayed.unmet)} deviations were not met"
        case Rung.DEVIATIONS:
            return ""
        case rung:
            return f"; reproduced by rung {rung.value}"
