"""``lockstep vectors``: published conformance vectors, on both sides."""

from __future__ import annotations

from pathlib import Path

import click

from lockstep.case.file import Setting
from lockstep.cli import options
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, GATE, USAGE
from lockstep.cli.group import complain
from lockstep.cli.output import say
from lockstep.report.vectors import lines
from lockstep.run.stores import open_stores
from lockstep.vectors.run import run_vectors


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@options.executor("batched")
@options.workers(4)
@options.driver()
@options.storage("memory")
def vectors(directory: Path, executor: str, workers: int, driver: str, storage: str) -> int:
    """Run published conformance vectors on both sides.

    A file that cannot be used is named, and the others are run; the exit code is 2 then.
    """
    with open_stores(storage) as stores:
        report = run_vectors(directory, Setting(executor, workers, driver), stores)
    for line in lines(report):
        say(line)
    for reason in report.refused:
        complain(USAGE, reason)
    if report.refused:
        return USAGE
    if report.failed:
        return DIVERGENCE
    return AGREE if report.passed else complain(GATE, "no vector was in scope")
