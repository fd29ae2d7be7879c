"""A campaign: chunks of cases on one or more processes until the budget is spent.

Invariant: tallies are taken in case order, so the same seed and number of cases give the same
findings whatever the number of processes; a failure never ends the campaign.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from lockstep.campaign.processes import in_order
from lockstep.campaign.versus import versus
from lockstep.campaign.worker import Plan, Tally, Worker
from lockstep.faults import HarnessFault
from lockstep.findings.finding import Finding
from lockstep.findings.investigate import investigate

CHUNK = 50


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a campaign goes on: a number of cases, or seconds of wall-clock time."""

    cases: int | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Report:
    """What a campaign found.

    ``kinds`` are the fingerprints met, ``complaints`` the failed health gates and controls,
    ``fault`` what broke.
    """

    tally: Tally = field(default_factory=Tally)
    kinds: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    fault: str | None = None


Progress = Callable[[Report], None]


def run_campaign(
    plan: Plan, budget: Budget, jobs: int, folder: Path, progress: Progress, found: Progress
) -> Report:
    """Run cases until ``budget`` is spent and return the report, whatever happens on the way.

    ``progress`` is called after every chunk, ``found`` after every finding of a new kind.
    """
    report = Report()
    started = time.monotonic()
    worker = Worker(plan, "main")
    try:
        chunks = _chunks(budget, started)
        for tally in in_order(partial(_numbered, plan), chunks, jobs, worker):
            report.tally.add(tally)
            report.seconds = time.monotonic() - started
            progress(report)
            _investigate_new(worker, tally, report, folder, found)
    except KeyboardInterrupt:
        report.interrupted = True
    except HarnessFault as fault:
        report.fault = str(fault)
    finally:
        worker.close()
    report.seconds = time.monotonic() - started
    report.complaints = [
        *replace(report.tally.measure, possible=plan.payloads()).complaints(),
        *_not_tested(plan, report.tally),
        *report.tally.controls.missed,
    ]
    if not report.tally.controls.rounds and not report.interrupted and report.fault is None:
        report.complaints.append("no control was run: this campaign proves nothing")
    return report


def _not_tested(plan: Plan, tally: Tally) -> Iterator[str]:
    """Yield a complaint for every executor of which nothing could be compared."""
    for name in dict.fromkeys(setting.executor for setting in plan.settings):
        if tally.cases and not tally.compared[name]:
            yield f"every run of {name} was unsupported: nothing was compared"


def _investigate_new(
    worker: Worker, tally: Tally, report: Report, folder: Path, found: Progress
) -> None:
    for failure in tally.failures:
        if failure.fingerprint in report.kinds:
            continue
        report.kinds.add(failure.fingerprint)
        lane = worker.lanes[failure.setting]
        origin = {"kind": "fuzz", "seed": worker.plan.seed, "case": str(failure.number)}
        finding = investigate(failure.case, failure.run, lane, origin, folder)
        others = [each for each in worker.lanes if each is not lane]
        told = versus(finding.case, finding.run, lane.setting.executor, others)
        report.findings.append(replace(finding, versus=tuple(told)))
        found(report)


def _numbered(plan: Plan, number: int) -> Worker:
    return Worker(plan, f"worker-{number}")


def _chunks(budget: Budget, started: float) -> Iterator[tuple[int, int]]:
    start = 0
    while budget.cases is None or start < budget.cases:
        if budget.seconds is not None and time.monotonic() - started >= budget.seconds:
            return
        count = CHUNK if budget.cases is None else min(CHUNK, budget.cases - start)
        yield start, count
        start += count
