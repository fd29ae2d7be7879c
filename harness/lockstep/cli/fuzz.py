"""``lockstep fuzz``: a campaign, bounded by time or by cases."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from lockstep.campaign.campaign import Budget
from lockstep.campaign.plan import Plan
from lockstep.case.file import Setting, load
from lockstep.case.values import Case
from lockstep.cli import options
from lockstep.cli.console import run_on_console
from lockstep.cli.duration import duration
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, GATE, of_campaign
from lockstep.cli.output import say
from lockstep.corpus.shipped import shipped_cases
from lockstep.faults import UsageError
from lockstep.findings.files import files_in
from lockstep.findings.known import Known, read_known
from lockstep.findings.known_check import look_at
from lockstep.foreign.text import shown
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
@options.strategy()
@options.storage("rocksdb")
@options.database()
@options.scheme("keyed-hash")
@options.findings()
@options.known()
@click.option(
    "--strict-known",
    is_flag=True,
    help="End with 1 if a known failure is fixed, or expired.",
)
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
    strategy: str | None,
    storage: str,
    database: Path | None,
    scheme: str,
    findings: Path,
    known_file: Path,
    strict_known: bool,
    seeds: Path | None,
) -> int:
    """Generate cases, run them on both sides, keep what differs.

    A campaign begins with the hand-written vectors that come with lockstep.
    """
    settings = tuple(
        Setting(name, workers, driver, access, deadline, memory, isolate) for name in executors
    )
    plan = Plan(
        seed=seed or secrets.token_hex(8),
        settings=settings,
        storage=storage,
        scheme=scheme,
        database=database,
        seeds=shipped_cases(scheme) + _seeds(seeds, scheme),
        strategy=strategy,
        findings=findings,
    )
    budget = Budget(cases, SECONDS if seconds is None and cases is None else seconds)
    known = read_known(known_file)
    over = _those_over(known, known_file, plan)
    labels = {plan.label(at) for at in range(len(plan.settings))}
    plan = replace(
        plan,
        known=frozenset(each.kind for each in known),
        needs=tuple(each.needs for each in known if each.executor in labels),
    )
    code = of_campaign(run_on_console(plan, budget, jobs))
    return DIVERGENCE if strict_known and over and code in (AGREE, GATE) else code


def _those_over(known: Sequence[Known], path: Path, plan: Plan) -> int:
    """Tell which known kinds of what is under test are fixed or expired, and count them."""
    if not known:
        return 0
    labelled = [(plan.label(at), setting) for at, setting in enumerate(plan.settings)]
    today = datetime.now(UTC).date()
    over = [each for each in look_at(known, labelled, today, path, trust=None) if each.is_over]
    for each in over:
        reason = shown(each.known.reason)
        say(f"known {each.known.kind}, {each.standing.value}: {each.known.form} ({reason})")
    return len(over)


def _seeds(path: Path | None, scheme: str) -> tuple[Case, ...]:
    """Return the cases saved in ``path`` in the order of their names, under ``scheme``."""
    files = [] if path is None else sorted(files_in([path]))
    if path is not None and not files:
        raise UsageError(f"no case files in {path}")
    return tuple(replace(load(each).case, scheme=scheme) for each in files)
