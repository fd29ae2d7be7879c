"""A finding as a person reads it: what differs, the smallest case, how to run it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockstep.case.file import Setting
from lockstep.case.text import case_lines
from lockstep.case.values import Case
from lockstep.findings.finding import Finding, Shape
from lockstep.findings.keeping import Kept
from lockstep.report.differences import difference_lines, replay_command, setting_lines
from lockstep.run.result import Run

SHOWN_CASES = 2


def met_lines(run: Run, fingerprint: str, setting: Setting, kept: Kept) -> Iterator[str]:
    """Say that a failure was met, before it is shrunk: what differs first, and where it is kept."""
    first = f": {run.differences[0]}" if run.differences else ""
    yield f"met {fingerprint}, {run.verdict.value}{first}"
    yield from kept_lines(kept, setting)


def shape_lines(shape: Shape) -> Iterator[str]:
    """Say that a failure is another shape of a kind that was found before."""
    known = f"{shape.fingerprint} is of kind {shape.kind}"
    if shape.kept.path is not None:
        yield f"{known}, kept beside it: {shape.kept.path}"
        return
    yield known
    yield from kept_lines(shape.kept, shape.setting)


def finding_lines(finding: Finding) -> Iterator[str]:
    """Describe a finding: what differs, the smallest case, how to run it again."""
    run, settled = finding.run, finding.settled
    reduced = settled.reduced
    yield f"{run.verdict.value.upper()} {finding.kind}  executor {finding.setting.tested}"
    yield from setting_lines(finding.setting)
    yield from difference_lines(run.differences)
    yield (
        f"  shrunk from {finding.original_transactions} to {finding.case.transactions()} "
        f"transactions in {reduced.executions} executions"
        + ("" if reduced.finished else " (budget spent)")
    )
    yield from ("  " + line for line in case_lines(finding.case))
    if finding.schedule:
        yield "  schedule: " + ", ".join(str(each) for each in finding.schedule)
    if settled.race is not None:
        yield f"  race: {settled.race}"
    yield from ("  " + line for line in earlier_lines(settled.after))
    if settled.reproduction is not None:
        yield f"  reproduction: {settled.reproduction}"
    elif not settled.repeatable:
        yield "  NOT REPEATABLE: on a new executor, or run again, it ends in another way"
    yield from (f"  {line}" for line in finding.versus)
    yield from kept_lines(finding.kept, finding.setting)


def earlier_lines(after: Sequence[Case]) -> Iterator[str]:
    """Say that a failure depends on earlier cases, and what they are as far as they are few."""
    if not after:
        return
    yield (
        f"depends on earlier cases: alone it does not fail; it does after {len(after)} "
        f"other{'' if len(after) == 1 else 's'} on the same executor"
    )
    for number, case in enumerate(after[:SHOWN_CASES], 1):
        yield f"earlier case {number}:"
        yield from ("  " + line for line in case_lines(case))
    if len(after) > SHOWN_CASES:
        yield f"and {len(after) - SHOWN_CASES} more, in the file"


def kept_lines(kept: Kept, setting: Setting) -> Iterator[str]:
    """Yield the command that shows the failure again; the whole file where there is none."""
    if kept.path is not None:
        told = "" if kept.told == "new" else f"  ({kept.told})"
        yield f"  replay: {replay_command(kept.path, setting)}{told}"
        return
    yield f"  NOT WRITTEN: {kept.problem}; the case file is:"
    yield from kept.content.splitlines()
