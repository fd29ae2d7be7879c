"""Shrinks a saved case: reads a failing one, writes the smallest one found beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.case.file import Setting, load, save
from harness.case.text import case_lines
from harness.executors import reach
from harness.faults import HarnessFault, UsageError
from harness.findings import record_of, shrink
from harness.report import difference_lines, replay_command
from harness.runner import Runner
from harness.stores import open_stores
from harness.verdict import Verdict


def shrink_file(path: Path, folder: Path, out: Callable[[str], None]) -> Verdict:
    """Shrink the case in ``path`` into ``folder`` and return its verdict.

    Raises ``CaseFileError`` if it cannot be read, ``UsageError`` if it does not fail, and
    ``HarnessFault`` when the disk refuses.
    """
    record = load(path)
    setting = record.setting or Setting()
    reach([setting.executor])
    with open_stores("memory") as stores, Runner(setting, stores) as runner:
        run = runner.run_deviating(record.case, record.schedule)
        if not run.verdict.is_failure:
            run = runner.run_trace(record.case, record.trace)
        if not run.verdict.is_failure:
            raise UsageError(f"{path}: the case does not fail on {setting.executor}")
        reduced = shrink(record.case, run, runner)
        final = runner.run_deviating(reduced.case, reduced.schedule)
    try:
        saved = save(record_of(reduced, final, setting, record.origin), folder)
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
    return final.verdict
