"""``lockstep fuzz``: a campaign, bounded by time or by cases."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from lockstep.campaign.plan import Plan, carved_for
from lockstep.campaign.report import Budget
from lockstep.campaign.single import run_single
from lockstep.case.file import CaseFileError, Setting, load
from lockstep.case.judging import Asked
from lockstep.case.surroundings import Surroundings
from lockstep.case.values import Case
from lockstep.cli import options
from lockstep.cli.console import run_on_console
from lockstep.cli.duration import duration
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, GATE, USAGE, of_campaign, of_single
from lockstep.cli.group import complain
from lockstep.cli.judging import judging
from lockstep.cli.output import say
from lockstep.cli.surroundings import surroundings
from lockstep.corpus.shipped import shipped_cases
from lockstep.faults import UsageError
from lockstep.findings.files import files_in
from lockstep.findings.known import Known, read_known
from lockstep.findings.known_check import look_at
from lockstep.foreign.text import shown
from lockstep.generate.carve import carved
from lockstep.generate.carving import KINDS, TERMS, Carving, by_hand
from lockstep.report.single import single_lines
from lockstep.run.stores import parted
from lockstep.targets.named import reach
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
@click.option(
    "--stop-after",
    "kinds",
    type=click.IntRange(1),
    metavar="KINDS",
    show_default="no limit",
    help="Stop when so many kinds of failure were met.",
)
@click.option(
    "--case",
    "number",
    type=click.IntRange(0),
    metavar="N",
    show_default="all",
    help="Run this case of the campaign alone, and show it.",
)
@options.seed(otherwise="random")
@options.jobs()
@options.executor(("batched",))
@options.workers(4)
@options.driver()
@options.access(SHARED)
@options.deadline(Setting().deadline)
@options.memory(Setting().memory)
@options.isolate()
@surroundings()
@judging()
@options.preempt()
@options.strategy()
@options.storage("rocksdb", under_test=True)
@options.database()
@options.scheme("keyed-hash")
@click.option(
    "--only",
    metavar="WORDS",
    show_default="all",
    help=f"Kinds of transaction that cases are made of: {', '.join(KINDS)}.",
)
@click.option(
    "--without",
    metavar="WORDS",
    show_default="nothing",
    help=f"What cases are made without: a kind, or {', '.join(TERMS)}.",
)
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
    kinds: int | None,
    number: int | None,
    seed: str | None,
    jobs: int,
    executors: tuple[str, ...],
    workers: int,
    driver: str,
    access: str,
    deadline: float,
    memory: int,
    isolate: bool,
    surroundings: Surroundings,
    asked: Asked,
    preempt: str | None,
    strategy: str | None,
    storage: str,
    database: Path | None,
    scheme: str,
    only: str | None,
    without: str | None,
    findings: Path,
    known_file: Path,
    strict_known: bool,
    seeds: Path | None,
) -> int:
    """Generate cases, run them on both sides, keep what differs.

    A campaign begins with the hand-written vectors that come with lockstep.
    """
    back_end, under_test = parted(storage)
    settings = tuple(
        Setting(
            name,
            workers,
            driver,
            access,
            deadline,
            memory,
            isolate,
            under_test,
            asked.over(),
            surroundings,
            preempt or "",
        )
        for name in executors
    )
    carving = carved_for(settings, by_hand(only, without))
    scheme = _scheme(scheme, carving)
    saved, code = _seeds(seeds, scheme)
    plan = Plan(
        seed=seed or secrets.token_hex(8),
        settings=settings,
        storage=back_end,
        scheme=scheme,
        database=database,
        seeds=_uncarved(shipped_cases(scheme), carving) + saved,
        strategy=strategy,
        findings=findings,
        carving=carving,
    )
    known = read_known(known_file)
    labels = {plan.label(at) for at in range(len(plan.settings))}
    plan = replace(
        plan,
        known=frozenset(each.kind for each in known),
        needs=tuple(each.needs for each in known if each.executor in labels),
    )
    if number is not None:
        return _show(plan, number)
    seconds = SECONDS if seconds is None and cases is None else seconds
    budget = Budget(cases, seconds, kinds)
    over = _those_over(known, known_file, plan)
    ended = of_campaign(run_on_console(plan, budget, jobs)) or code
    return DIVERGENCE if strict_known and over and ended in (AGREE, GATE) else ended


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


def _show(plan: Plan, number: int) -> int:
    """Run a case by itself, and show it."""
    reach(setting.executor for setting in plan.settings)
    runs = run_single(plan, number)
    for line in single_lines(plan, runs):
        say(line)
    return of_single([ran.run.verdict for ran in runs])


def _scheme(scheme: str, carving: Carving) -> str:
    """Return ``scheme``, or another one if that is what everything under test can verify."""
    if carving.schemes is None or scheme in carving.schemes:
        return scheme
    return min(carving.schemes, default=scheme)


def _uncarved(cases: tuple[Case, ...], carving: Carving) -> tuple[Case, ...]:
    """Return those of the shipped cases that have nothing of what is carved away."""
    return tuple(case for case in cases if carved(case, carving) == case)


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
