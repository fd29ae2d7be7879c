"""``lockstep shrink``: a smaller case that fails in the same way."""

from __future__ import annotations

from pathlib import Path

import click

from lockstep.case.judging import Asked
from lockstep.case.surroundings import Surroundings
from lockstep.cli import options
from lockstep.cli.exit_codes import of_verdicts
from lockstep.cli.judging import judging
from lockstep.cli.output import say
from lockstep.cli.surroundings import surroundings
from lockstep.findings.files import Options
from lockstep.findings.shrink_file import shrink_file
from lockstep.report.shrunk import shrunk_lines
from lockstep.targets.trust import Trust


@click.command()
@options.case_file()
@options.executor(otherwise=options.THE_FILES)
@options.deadline(otherwise=options.THE_FILES)
@options.memory(otherwise=options.THE_FILES)
@surroundings(of_a_file=True)
@judging(of_a_file=True)
@options.storage(otherwise=f"{options.THE_FILES}, else memory", under_test=True)
@options.trust()
@options.into(otherwise="that of CASE")
def shrink(
    case: Path,
    executor: str | None,
    deadline: float | None,
    memory: int | None,
    surroundings: Surroundings,
    asked: Asked,
    storage: str | None,
    trust: bool,
    into: Path | None,
) -> int:
    """Make a saved failing case smaller, block and schedule.

    Where the budget was spent, the same command goes on from the smaller case.
    """
    chosen = Options(
        executor,
        deadline=deadline,
        memory=memory,
        trust=Trust(everything=trust),
        asked=asked,
        surroundings=surroundings,
    )
    shrunk = shrink_file(case, into or case.parent, chosen, storage)
    for line in shrunk_lines(shrunk):
        say(line)
    return of_verdicts([shrunk.settled.run.verdict])
