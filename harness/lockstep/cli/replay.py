"""``lockstep replay``: saved cases run again."""

from __future__ import annotations

from pathlib import Path

import click

from lockstep.cli import options
from lockstep.findings.files import Manner, Override, replay_paths

THE_FILES = "what the file says"


@click.command()
@options.case_files()
@options.executor(otherwise=THE_FILES)
@options.workers(otherwise=THE_FILES)
@options.driver(None, otherwise=THE_FILES)
@options.access(otherwise=THE_FILES)
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
    storage: str,
    database: Path | None,
    quiet: bool,
    strict: bool,
) -> int:
    """Run saved cases again, exactly. PATHS are case files, or folders of them."""
    override = Override(executor, workers, driver, access)
    manner = Manner(override, quiet=quiet, strict=strict)
    totals = replay_paths(paths, manner, storage, database, click.echo)
    return totals.exit_code()
