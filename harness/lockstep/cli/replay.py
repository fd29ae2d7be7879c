"""``lockstep replay``: saved cases run again."""

from __future__ import annotations

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.cli.exit_codes import of_replay
from lockstep.findings.files import Options, Totals, replay_paths
from lockstep.report.replay import replayed_lines, total_lines

THE_FILES = "what the file says"


@click.command()
@options.case_files()
@options.executor(otherwise=THE_FILES)
@options.workers(otherwise=THE_FILES)
@options.driver(None, otherwise=THE_FILES)
@options.access(otherwise=THE_FILES)
@options.deadline(otherwise=THE_FILES)
@options.memory(otherwise=THE_FILES)
@options.isolate()
@options.strategy()
@options.storage("memory")
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
    strategy: str | None,
    storage: str,
    database: Path | None,
    quiet: bool,
    strict: bool,
) -> int:
    """Run saved cases again, exactly. PATHS are case files, or folders of them."""
    chosen = Options(executor, workers, driver, access, strict, strategy, deadline, memory, isolate)
    totals = Totals()
    for file in replay_paths(paths, chosen, storage, database, totals):
        for line in replayed_lines(file, quiet=quiet):
            click.echo(line)
    for line in total_lines(totals):
        click.echo(line)
    return of_replay(totals)
