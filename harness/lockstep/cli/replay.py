"""``lockstep replay``: saved cases run again."""

from __future__ import annotations

from pathlib import Path

import click

from lockstep.case.judging import Asked
from lockstep.case.surroundings import Surroundings
from lockstep.cli import options
from lockstep.cli.exit_codes import USAGE, of_replay
from lockstep.cli.group import complain
from lockstep.cli.judging import judging
from lockstep.cli.output import say
from lockstep.cli.surroundings import surroundings
from lockstep.findings.files import Options, RefusedFile, Totals, replay_paths
from lockstep.report.replay import replayed_lines, total_lines
from lockstep.targets.trust import Trust


@click.command()
@options.case_files()
@options.executor(otherwise=options.THE_FILES)
@options.workers(otherwise=options.THE_FILES)
@options.driver(None, otherwise=options.THE_FILES)
@options.access(otherwise=options.THE_FILES)
@options.deadline(otherwise=options.THE_FILES)
@options.memory(otherwise=options.THE_FILES)
@options.isolate()
@surroundings(of_a_file=True)
@judging(of_a_file=True)
@options.preempt()
@options.strategy()
@options.trust()
@options.storage(otherwise=f"{options.THE_FILES}, else memory", under_test=True)
@options.database()
@click.option("--quiet", is_flag=True, help="Print failures and the totals only.")
@click.option(
    "--strict",
    is_flag=True,
    help="Use the recorded deviations alone: no falling back to the trace or a search.",
)
def replay(
    paths: tuple[Path, ...],
    executor: str | None,
    workers: int | None,
    driver: str | None,
    access: str | None,
    deadline: float | None,
    memory: int | None,
    isolate: bool,
    surroundings: Surroundings,
    asked: Asked,
    preempt: str | None,
    strategy: str | None,
    trust: bool,
    storage: str | None,
    database: Path | None,
    quiet: bool,
    strict: bool,
) -> int:
    """Run saved cases again, exactly. PATHS are case files, or folders of them.

    A file that cannot be used is named, and the others are run; the exit code is 2 then.
    """
    chosen = Options(
        executor,
        workers,
        driver,
        access,
        strict,
        strategy,
        deadline,
        memory,
        isolate,
        preempt,
        Trust(everything=trust),
        asked,
        surroundings,
    )
    totals = Totals()
    for file in replay_paths(paths, chosen, storage, database, totals):
        if isinstance(file, RefusedFile):
            complain(USAGE, file.reason)
            continue
        for line in replayed_lines(file, quiet=quiet):
            say(line)
    for line in total_lines(totals):
        say(line)
    return of_replay(totals)
