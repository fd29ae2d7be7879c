"""Campaigns as ``lockstep fuzz`` runs them, with shrinking, on one process and timed by its CPU."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.detection.kinds import CASES
from benchmarks.kinds.kept import Pair, Sorted
from benchmarks.kinds.paired import executor_of, ids_of
from lockstep.campaign.campaign import run_campaign
from lockstep.campaign.notes import Met
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Budget, Report
from lockstep.case.file import Setting, load
from lockstep.corpus.shipped import shipped_cases
from lockstep.findings.finding import Finding, Shape
from lockstep.findings.form import form_of
from lockstep.run.fingerprint import leading
from lockstep.run.stores import MemoryStores
from lockstep.targets.named import open_steered
from lockstep_mutants.catalogue import ROWS

SEED = "kinds"
MOST_CASES = 600
"""Cases of a campaign against a pair, or against one of its faults, that is stopped before."""


def sort_failures(fault: str, cases: int) -> Sorted:
    """Run a campaign of so many cases against one fault."""
    started = time.process_time()
    report = _campaign(_executor(fault), cases, lambda _finding: False)
    return Sorted(
        id=fault,
        cases=report.tally.cases,
        failing=sum(report.tally.verdicts.values()) - report.tally.verdicts.get("agree", 0),
        bins=len(report.tally.bins),
        kinds=len(report.findings),
        forms=tuple(form_of(each.settled) for each in report.findings),
        seconds=round(time.process_time() - started, 2),
    )


def tell_apart(pair: str, alone: dict[str, float | None]) -> Pair:
    """Search an executor with two faults until each is reported as a kind of its own.

    A kind is a fault's own if its case fails in this way on the executor with that fault alone,
    and does not on the one with the other.
    """
    one, other = ids_of(pair)
    hidden = next((each for each in (one, other) if _is_hidden(pair, each)), "")
    if hidden:
        return Pair(name=pair, alone=None, apart=None, kinds=0, hidden=hidden)
    seen: set[str] = set()
    started = time.process_time()
    apart: list[float] = []
    checking = 0.0

    def enough(finding: Finding) -> bool:
        nonlocal checking
        met = time.process_time()
        fails = [each for each in (one, other) if _fails(_executor(each), finding)]
        seen.update(fails if len(fails) == 1 else ())
        checking += time.process_time() - met
        if len(seen) == 2:
            apart.append(met - started - checking)
        return len(seen) == 2

    report = _campaign(executor_of(pair), MOST_CASES, enough)
    slower = [alone[each] for each in (one, other)]
    known = [each for each in slower if each is not None]
    return Pair(
        name=pair,
        alone=max(known) if len(known) == 2 else None,
        apart=round(apart[0], 3) if apart else None,
        kinds=len(report.findings),
    )


def seconds_alone(fault: str) -> float | None:
    """Return the CPU-seconds until a fault is reported in an executor of its own."""
    started = time.process_time()
    told: list[float] = []

    def enough(_finding: Finding) -> bool:
        told.append(time.process_time() - started)
        return True

    _campaign(_executor(fault), MOST_CASES, enough)
    return round(told[0], 3) if told else None


def _executor(fault: str) -> str:
    return next(row.executor for row in ROWS if row.id == fault)


def _is_hidden(pair: str, fault: str) -> bool:
    """Tell whether the smallest case of ``fault`` goes on the pair as on the other fault alone."""
    (other,) = {*ids_of(pair)} - {fault}
    known = load(CASES / f"{fault}.json")
    ends = []
    for executor in (executor_of(pair), _executor(other)):
        with open_steered(Setting(executor), MemoryStores()) as lane:
            run = lane.run_deviating(known.case, known.schedule)
        ends.append((run.verdict, [each.differences for each in run.failures]))
    return ends[0] == ends[1]


def _fails(executor: str, finding: Finding) -> bool:
    """Tell whether an executor gets wrong what leads the differences of ``finding``."""
    wanted = leading(finding.run)
    with open_steered(Setting(executor), MemoryStores()) as lane:
        run = lane.run_deviating(finding.case, finding.schedule)
    if not run.verdict.is_failure or wanted is None:
        return False
    return any(
        failed.step == finding.run.step and (each.field, each.where) == (wanted.field, wanted.where)
        for failed in run.failures
        for each in failed.differences
    )


def _campaign(executor: str, cases: int, enough: Callable[[Finding], bool]) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(
            SEED,
            (Setting(executor),),
            storage="memory",
            seeds=shipped_cases("keyed-hash"),
            findings=Path(folder),
        )
        return run_campaign(plan, Budget(cases), 1, _Until(enough))


class _Until:
    """Stops a campaign when a finding is enough, as an interrupt does."""

    def __init__(self, enough: Callable[[Finding], bool]) -> None:
        self._enough = enough

    def progress(self, report: Report) -> None:
        """Show nothing."""

    def met(self, met: Met) -> None:
        """Show nothing."""

    def same(self, shape: Shape) -> None:
        """Show nothing."""

    def found(self, finding: Finding) -> None:
        """Stop, if that is enough."""
        if self._enough(finding):
            raise KeyboardInterrupt
