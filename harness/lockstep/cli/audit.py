"""The ``audit`` command: what the campaign finds of the planted faults, and how fast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from lockstep.cli.duration import duration
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, FAULT
from lockstep.run.stores import BACK_ENDS

WIDTH = 110
"""Columns that the table needs; a narrower terminal wraps it."""

if TYPE_CHECKING:
    from lockstep.audit.audit import Audited


@click.option(
    "--executor",
    "executors",
    multiple=True,
    metavar="MODULE:CLASS",
    help="Audit this one; give it again for several. The whole catalogue unless given.",
)
@click.option(
    "--budget",
    callback=duration,
    default="60s",
    show_default=True,
    metavar="DURATION",
    help="CPU time up to the first detection, for each executor and seed.",
)
@click.option("--seeds", type=click.IntRange(1, 1000), default=5, show_default=True)
@click.option("--seed", default="audit", show_default=True, help="What the seeds begin with.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True)
@click.option("--storage", type=click.Choice(BACK_ENDS), default="rocksdb", show_default=True)
@click.option(
    "--json",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write everything that was measured to this file.",
)
def audit(
    executors: tuple[str, ...],
    budget: float,
    seeds: int,
    seed: str,
    jobs: int,
    storage: str,
    file: Path | None,
) -> int:
    """Measure the campaign on planted faults: found or not, how fast, how small.

    Exits 1 if a fault survives that something could have shown, or if a correct twin is accused.
    """
    from lockstep.audit.audit import run_audit
    from lockstep.audit.subject import catalogued, subjects_of
    from lockstep.audit.trial import Terms
    from lockstep.report.audit import audit_table, closing_lines, document

    subjects = subjects_of(executors) if executors else catalogued()
    names = tuple(f"{seed}-{number}" for number in range(seeds))
    terms = Terms(budget, storage)
    progress = Console(stderr=True, highlight=False)
    output = Console(highlight=False, width=max(Console().width, WIDTH))
    audited: list[Audited] = []
    try:
        for each in run_audit(subjects, names, terms, jobs):
            audited.append(each)
            line = f"{each.subject.id}: found by {len(each.found)} of {len(each.trials)} seeds"
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
