"""``lockstep fuzz``: a campaign, bounded by time or by cases."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import click

from lockstep.campaign.campaign import Budget
from lockstep.campaign.plan import Plan
from lockstep.case.file import CaseFileError, Setting, load
from lockstep.case.values import Case
from lockstep.cli import options
from lockstep.cli.console import run_on_console
from lockstep.cli.duration import duration
from lockstep.cli.exit_codes import AGREE, USAGE, of_campaign
from lockstep.cli.group import complain
from lockstep.corpus.shipped import shipped_cases
from lockstep.faults import UsageError
from lockstep.findings.files import files_in
from lockstep.run.stores import parted
from lockstep_ledger.storage.access import SHARED

SECONDS = 60.0
"""How long a campaign lasts that nothing else bounds."""


@click.command()
@click.option(
    "--time",
    "seconds",
    callback=duration,
    metavar="DURATION",
    show_default="60s if no --cases are given",
    help="Stop after 90s, 15m or 8h.",
)
@options.cases(otherwise="no limit")
@options.seed(otherwise="random")
@options.jobs()
@options.executor(("batched",))
@options.workers(4)
@options.driver()
@options.access(SHARED)
@options.deadline(Setting().deadline)
@options.memory(Setting().memory)
@options.isolate()
@options.preempt()
@options.strategy()
@options.storage("rocksdb", under_test=True)
@options.database()
@options.scheme("keyed-hash")
@options.findings()
@click.option(
    "--seeds",
    type=click.Path(path_type=Path),
    help="Saved cases to run after the shipped vectors, and to look near: a file, or a folder.",
)
def fuzz(
    seconds: float | None,
    cases: int | None,
    seed: str | None,
    jobs: int,
    executors: tuple[str, ...],
    workers: int,
    driver: str,
    access: str,
    deadline: float,
    memory: int,
    isolate: bool,
    preempt: str | None,
    strategy: str | None,
    storage: str,
    database: Path | None,
    scheme: str,
    findings: Path,
    seeds: Path | None,
) -> int:
    """Generate cases, run them on both sides, keep what differs.

    A campaign begins with the hand-written vectors that come with lockstep.
    """
    back_end, under_test = parted(storage)
    settings = tuple(
        Setting(name, workers, driver, access, deadline, memory, isolate, under_test, preempt or "")
        for name in executors
    )
    saved, code = _seeds(seeds, scheme)
    plan = Plan(
        seed=seed or secrets.token_hex(8),
        settings=settings,
        storage=back_end,
        scheme=scheme,
        database=database,
        seeds=shipped_cases(scheme) + saved,
        strategy=strategy,
        findings=findings,
    )
    budget = Budget(cases, SECONDS if seconds is None and cases is None else seconds)
    return of_campaign(run_on_console(plan, budget, jobs)) or code


def _seeds(path: Path | None, scheme: str) -> tuple[tuple[Case, ...], int]:
    """Return the cases saved in ``path`` in the order of their names, under ``scheme``.

    A file that cannot be used is named, and left out; the code is 2 then, unless there is no other.
    """
    files = [] if path is None else sorted(files_in([path]))
    if path is not None and not files:
        raise UsageError(f"no case files in {path}")
    cases: list[Case] = []
    refused: list[str] = []
    for each in files:
        try:
            cases.append(replace(load(each).case, scheme=scheme))
        except CaseFileError as error:
            refused.append(str(error))
    if refused and not cases:
        raise UsageError("; ".join(refused))
    code = AGREE
    for line in refused:
        code = complain(USAGE, line)
    return tuple(cases), code
