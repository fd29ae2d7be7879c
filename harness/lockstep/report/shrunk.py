"""A shrunk case file as a person reads it: how much smaller, the case, what differs."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.case.text import case_lines
from lockstep.findings.shrink_file import ShrunkFile
from lockstep.foreign.text import shown
from lockstep.report.differences import difference_lines, replay_command
from lockstep.report.finding import earlier_lines


def shrunk_lines(shrunk: ShrunkFile) -> Iterator[str]:
    """Yield what was made of the case, and the command that runs it again."""
    record, settled = shrunk.original, shrunk.settled
    reduced = settled.reduced
    yield (
        f"{settled.run.verdict.value}: from {record.case.transactions()} to "
        f"{reduced.case.transactions()} transactions and from {len(record.schedule)} to "
        f"{len(reduced.schedule)} deviations in {reduced.executions} executions"
        + ("" if reduced.finished else " (budget spent; run again to go on)")
    )
    if shrunk.another:
        yield f"  another failure than the file records: {shown(record.description)}"
    for line in case_lines(reduced.case):
        yield f"  {line}"
    yield from ("  " + line for line in earlier_lines(settled.after))
    for deviation in reduced.schedule:
        yield f"  schedule: {deviation}"
    yield from difference_lines(settled.run.differences)
    yield f"  {replay_command(shrunk.path, shrunk.setting)}"
    if settled.reproduction is not None:
        yield f"  reproduction: {settled.reproduction}"
