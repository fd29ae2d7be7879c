"""Shrinks a saved case: reads a failing one, writes the smallest one found beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from lockstep.case.file import Record, Setting, load, save
from lockstep.case.text import case_lines
from lockstep.faults import HarnessFault, UsageError
from lockstep.findings.by_repetition import settle
from lockstep.findings.investigate import record_of, shrink
from lockstep.report.finding import difference_lines, replay_command
from lockstep.run.result import Run
from lockstep.run.stores import open_stores
from lockstep.schedules.mix import Mix
from lockstep.shrink.reduce import Reduced
from lockstep.streams import stream
from lockstep.targets.named import reach
from lockstep.targets.program.manners import only
from lockstep.targets.runner import Runner
from lockstep.verdict import Verdict

Print: TypeAlias = Callable[[str], None]


def shrink_file(path: Path, folder: Path, out: Print) -> Verdict:
    """Shrink the case in ``path`` into ``folder`` and return its verdict.

    Raises ``CaseFileError`` if it cannot be read, ``UsageError`` if it does not fail, and
    ``HarnessFault`` when the disk refuses.
    """
    record = load(path)
    setting = record.setting or Setting()
    reach([setting.executor])
    with open_stores("memory") as stores, Runner(setting, stores) as runner:
        if runner.outside(record.case.scheme) is not None:
            return _shrink_program(path, record, runner, folder, out)
        run = runner.run_deviating(record.case, record.schedule)
        if not run.verdict.is_failure:
            run = runner.run_trace(record.case, record.trace)
        if not run.verdict.is_failure:
            raise UsageError(f"{path}: the case does not fail on {setting.executor}")
        reduced = shrink(record.case, run, runner)
        final = runner.run_deviating(reduced.case, reduced.schedule)
    _tell(record, record_of(reduced, final, setting, record.origin), reduced, final, folder, out)
    return final.verdict


def _shrink_program(
    path: Path, record: Record, runner: Runner, folder: Path, out: Print
) -> Verdict:
    known = record.reproduction
    tries = 1 if known is None else known.runs_to_meet()
    manners = None if known is None else only(known.manner)
    for _ in range(tries):
        run = (
            runner.run_mixed(record.case, stream("shrink", "program"), Mix(1))
            if manners is None
            else runner.run_in(record.case, manners)
        )
        if run.verdict.is_failure:
            break
    else:
        raise UsageError(f"{path}: the case does not fail on {runner.setting.executor}")
    settled = settle(record.case, run, runner)
    made = record_of(settled.reduced, settled.run, runner.setting, record.origin)
    made = replace(made, reproduction=settled.reproduction)
    _tell(record, made, settled.reduced, settled.run, folder, out)
    out(f"  reproduction: {settled.reproduction}")
    return settled.run.verdict


def _tell(
    record: Record, made: Record, reduced: Reduced, final: Run, folder: Path, out: Print
) -> None:
    """Save what was made of ``record`` and say what it is."""
    try:
        saved = save(made, folder)
    except OSError as error:
        raise HarnessFault(f"cannot write to {folder}: {error.strerror}") from error
    out(
        f"{final.verdict.value}: from {record.case.transactions()} to "
        f"{reduced.case.transactions()} transactions and from {len(record.schedule)} to "
        f"{len(reduced.schedule)} deviations in {reduced.executions} executions"
        + ("" if reduced.finished else " (budget spent; run again to go on)")
    )
    for line in case_lines(reduced.case):
        out(f"  {line}")
    for deviation in reduced.schedule:
        out(f"  schedule: {deviation}")
    for line in difference_lines(final.differences):
        out(line)
    out(f"  {replay_command(saved)}")
