"""``lockstep audit``: what the campaign finds of the planted faults, and how fast."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from lockstep.audit.audit import Audited, run_audit
from lockstep.audit.subject import catalogued, subjects_of
from lockstep.audit.trial import Terms
from lockstep.cli import options
from lockstep.cli.duration import duration
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, FAULT
from lockstep.report.audit import audit_table, closing_lines, document

WIDTH = 110
"""Columns that the table needs; a narrower terminal wraps it."""


@click.command()
@options.executor((), otherwise="the whole catalogue")
@click.option(
    "--budget",
    callback=duration,
    default="60s",
    show_default=True,
    metavar="DURATION",
    help="CPU time up to the first detection, for each campaign.",
)
@click.option(
    "--campaigns",
    type=click.IntRange(1, 1000),
    metavar="N",
    default=5,
    show_default=True,
    help="How many campaigns to run against each executor, the number added to the seed.",
)
@options.seed("audit")
@options.jobs()
@options.storage("rocksdb")
@options.json_file()
def audit(
    executors: tuple[str, ...],
    budget: float,
    campaigns: int,
    seed: str,
    jobs: int,
    storage: str,
    file: Path | None,
) -> int:
    """Measure on planted faults how soon campaigns find them.

    And how small the cases get that show them. Exits 1 if a fault survives that something could
    have shown, or if a correct twin is accused.
    """
    subjects = subjects_of(executors) if executors else catalogued()
    names = tuple(f"{seed}-{number}" for number in range(campaigns))
    terms = Terms(budget, storage)
    progress = Console(stderr=True, highlight=False)
    output = Console(highlight=False, width=max(Console().width, WIDTH))
    audited: list[Audited] = []
    try:
        for each in run_audit(subjects, names, terms, jobs):
            audited.append(each)
            line = f"{each.subject.id}: found by {len(each.found)} of {len(each.trials)} campaigns"
            progress.print(line, markup=False, soft_wrap=True)
    finally:
        # Also what was measured before an interrupt or a fault ended the audit.
        output.print(audit_table(audited))
        for line in closing_lines(audited):
            output.print(line, markup=False, soft_wrap=True)
        if file is not None:
            text = json.dumps(document(audited, terms, names), indent=1)
            file.write_text(text + "\n", encoding="utf-8")
    if any(each.survived or each.alarms for each in audited):
        return DIVERGENCE
    return AGREE if len(audited) == len(subjects) else FAULT
