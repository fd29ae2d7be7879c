"""What an audit shows: a table for people, a document for programs. Plain data in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from lockstep.audit.audit import Audited
from lockstep.audit.trial import Terms, Trial
from lockstep.report.cells import cells

COLUMNS = (
    "fault",
    "found",
    "cases",
    "executions",
    "CPU s",
    "verdict",
    "size",
    "known",
    "shrinking",
    "false alarms",
)
TWO = "median / worst"


def audit_table(audited: Sequence[Audited]) -> Table:
    """Return the table of an audit, a row for every subject."""
    table = Table(caption=f"cases, executions, CPU s: {TWO}; sizes: transactions+deviations")
    for name in COLUMNS:
        table.add_column(name, no_wrap=True)
    for each in audited:
        table.add_row(*cells(*row(each)))
    return table


def row(audited: Audited) -> tuple[str, ...]:
    """Return the cells of one subject."""
    subject = audited.subject
    if subject.masked:
        return (subject.id, "masked", *("",) * (len(COLUMNS) - 2))
    return (
        subject.id,
        f"{len(audited.found)}/{len(audited.trials)}" + _mark(audited),
        _two(audited.to_detection(lambda trial: trial.searched.cases), ".0f"),
        _two(audited.to_detection(lambda trial: trial.searched.executions), ".0f"),
        _two(audited.to_detection(lambda trial: trial.searched.seconds), ".2f"),
        ", ".join(sorted({trial.verdict for trial in audited.found})),
        str(audited.usual or ""),
        str(subject.known or ""),
        "" if audited.shrinking is None else f"{audited.shrinking:.2f} s",
        _alarms(audited),
    )


def closing_lines(audited: Sequence[Audited]) -> Iterator[str]:
    """Yield what the table leaves to be said: masked faults, survivors, accusations."""
    for each in audited:
        if each.subject.masked:
            yield f"masked: {each.subject.id} {each.subject.name}: {each.subject.masked}"
    for each in audited:
        if each.survived:
            yield f"survived: {each.subject.id} {each.subject.setting.tested}"
    for each in audited:
        yield from (
            f"broke: {each.subject.id} {each.subject.setting.tested}, {how}" for how in each.broke
        )
    for each in audited:
        right = each.subject.without_fault
        tested = "" if right is None else right.tested
        yield from (f"false alarm: {tested}: {alarm}" for alarm in each.alarms)
    searched = [each for each in audited if not each.subject.masked and not each.broke]
    found = [each for each in searched if not each.survived]
    twins = [trial.twin for each in audited for trial in each.trials if trial.twin is not None]
    executions = sum(twin.executions for twin in twins)
    yield (
        f"{len(found)} of {len(searched)} found; correct twins accused "
        f"{sum(len(twin.alarms) for twin in twins)} times in {executions} executions"
    )


def document(audited: Sequence[Audited], terms: Terms, seeds: Sequence[str]) -> dict[str, Any]:
    """Return everything that was measured, ready for JSON."""
    return {
        "terms": asdict(terms),
        "seeds": list(seeds),
        "subjects": [_subject(each) for each in audited],
    }


def _subject(audited: Audited) -> dict[str, Any]:
    return {
        **asdict(audited.subject),
        "found": len(audited.found),
        "survived": audited.survived,
        "broke": list(audited.broke),
        "cases": _summary(audited, "cases"),
        "executions": _summary(audited, "executions"),
        "cpu_seconds": _summary(audited, "seconds"),
        "shrunk": None if audited.usual is None else asdict(audited.usual),
        "smallest": None if audited.smallest is None else asdict(audited.smallest),
        "shrinking_seconds": audited.shrinking,
        "false_alarms": len(audited.alarms),
        "trials": [asdict(trial) for trial in audited.trials],
    }


def _summary(audited: Audited, name: str) -> dict[str, float] | None:
    def measured(trial: Trial) -> float:
        return float(getattr(trial.searched, name))

    found = audited.to_detection(measured)
    return None if found is None else {"median": found[0], "worst": found[1]}


def _mark(audited: Audited) -> str:
    if audited.broke:
        return " BROKE"
    return " SURVIVED" if audited.survived else ""


def _two(values: tuple[float, float] | None, form: str) -> str:
    return "" if values is None else f"{values[0]:{form}} / {values[1]:{form}}"


def _alarms(audited: Audited) -> str:
    if audited.subject.twin is None:
        return "no twin"
    if all(trial.twin is None for trial in audited.trials):
        return "not run"
    return f"{len(audited.alarms)} of {_executions(audited.trials)}"


def _executions(trials: Iterable[Trial]) -> int:
    return sum(trial.twin.executions for trial in trials if trial.twin is not None)
