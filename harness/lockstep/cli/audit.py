"""``lockstep audit``: what the campaign finds of the planted faults, and how fast."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lockstep.audit.audit import Audited, run_audit
from lockstep.audit.subject import catalogued, subjects_of
from lockstep.audit.trial import Terms
from lockstep.case.file import write_whole
from lockstep.cli import options
from lockstep.cli.duration import duration
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, FAULT
from lockstep.cli.screen import Screen
from lockstep.report.audit import audit_table, closing_lines, document


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
    audited: list[Audited] = []
    with Screen() as screen:
        try:
            for each in run_audit(subjects, names, terms, jobs):
                audited.append(each)
                found, made = len(each.found), len(each.trials)
                screen.complain(f"{each.subject.id}: found by {found} of {made} campaigns")
                screen.progress(f"{len(audited)} of {len(subjects)}")
        finally:
            # Also what was measured before an interrupt or a fault ended the audit.
            screen.show(audit_table(audited), *closing_lines(audited))
            if file is not None:
                text = json.dumps(document(audited, terms, names), indent=1)
                write_whole(file, f"{text}\n".encode())
    if any(each.survived or each.alarms for each in audited):
        return DIVERGENCE
    return AGREE if len(audited) == len(subjects) else FAULT
