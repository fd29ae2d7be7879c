"""``lockstep audit``: what the campaign finds of the planted faults, and how fast."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lockstep.audit.audit import Audited, run_audit
from lockstep.audit.subject import catalogued, subjects_of, subjects_over
from lockstep.audit.trial import Terms
from lockstep.case.file import write_whole
from lockstep.cli import options
from lockstep.cli.duration import duration
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, FAULT
from lockstep.cli.screen import Screen
from lockstep.faults import UsageError
from lockstep.findings.keeping import Keeper
from lockstep.report.audit import audit_table, closing_lines, document
from lockstep.run.stores import parted


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
@options.storage("rocksdb", under_test=True)
@click.option(
    "--no-twin", "without_twins", is_flag=True, help="Do not run the correct executors, too."
)
@options.findings()
@options.json_file()
def audit(
    executors: tuple[str, ...],
    budget: float,
    campaigns: int,
    seed: str,
    jobs: int,
    storage: str,
    without_twins: bool,
    findings: Path,
    file: Path | None,
) -> int:
    """Measure on planted faults how soon campaigns find them.

    And how small the cases get that show them. Exits 3 if an executor could not be measured, 1 if a
    fault survives that something could have shown, or if a correct twin is accused.

    With a --storage of yours, module:Class, the fault is in there: it is run below each executor,
    batched unless others are named, and the twin is the same executor over a store of lockstep's.

    A class of yours may say what is known of its fault by attributes: known = (2, 1) is the size of
    the smallest case, transactions and deviations; masked = "why" says that nothing can show it.
    """
    problem = Keeper(findings).problem()
    if problem:
        raise UsageError(problem)
    back_end, under_test = parted(storage)
    if under_test:
        subjects = subjects_over(under_test, executors or ("batched",))
    else:
        subjects = subjects_of(executors) if executors else catalogued()
    names = tuple(f"{seed}-{number}" for number in range(campaigns))
    terms = Terms(budget, back_end, findings=str(findings), twins=not without_twins)
    audited: list[Audited] = []
    with Screen() as screen:
        try:
            for each in run_audit(subjects, names, terms, jobs):
                audited.append(each)
                found, made = len(each.found), len(each.trials)
                screen.complain(f"{each.subject.id}: found by {found} of {made} campaigns")
                for path in dict.fromkeys(trial.kept for trial in each.found if trial.kept):
                    screen.complain(f"  kept {path}")
                screen.progress(f"{len(audited)} of {len(subjects)}")
                _write(file, audited, terms, names)
        finally:
            # Also what was measured before an interrupt or a fault ended the audit.
            screen.show(audit_table(audited), *closing_lines(audited))
            _write(file, audited, terms, names)
    if any(each.broke for each in audited):
        return FAULT
    if any(each.survived or each.alarms for each in audited):
        return DIVERGENCE
    return AGREE if len(audited) == len(subjects) else FAULT


def _write(file: Path | None, audited: list[Audited], terms: Terms, seeds: tuple[str, ...]) -> None:
    """Write what was measured so far: the file is whole at every moment."""
    if file is not None:
        text = json.dumps(document(audited, terms, seeds), indent=1)
        write_whole(file, f"{text}\n".encode())
