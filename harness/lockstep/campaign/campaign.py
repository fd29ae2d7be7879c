"""A campaign: chunks of cases on one or more processes until the budget is spent.

Invariant: tallies are taken in case order, so the same seed and number of cases give the same
findings whatever the number of processes. A failure never ends the campaign, and is kept from the
moment it is met.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from lockstep.campaign.course import HOW_TO_GO_ON, Course
from lockstep.campaign.health import overlap_complaint
from lockstep.campaign.plan import Plan
from lockstep.campaign.processes import Work
from lockstep.campaign.report import Budget, Observer, Report
from lockstep.campaign.tally import Tally
from lockstep.campaign.worker import CHUNK, Worker
from lockstep.faults import HarnessFault
from lockstep.generate.carving import WHOLE
from lockstep.run.temporary import temporary_directory
from lockstep.run.watchdog import TimeOver, watching

LEAST_COMPARED = 0.5
"""The share of an executor's cases that must have been compared."""


def run_campaign(plan: Plan, budget: Budget, jobs: int, observer: Observer) -> Report:
    """Run cases until ``budget`` is spent and return the report, whatever happens on the way."""
    started = time.monotonic()
    report = Report()
    until = None if budget.seconds is None else started + budget.seconds
    worker = Worker(plan, "main")
    course = Course(plan, worker, report, observer, started)
    try:
        with (
            worker.marker,
            watching(until),
            _databases(plan, jobs) as with_database,
            Work(partial(_numbered, with_database), jobs, worker, course) as work,
        ):
            course.listen = work.listen
            for tally in work.results(_chunks(budget, started)):
                course.take(tally)
                if tally.hopeless:
                    raise HarnessFault(tally.hopeless + HOW_TO_GO_ON)
                if budget.kinds is not None and len(report.findings) >= budget.kinds:
                    break
    except TimeOver:
        pass
    except KeyboardInterrupt:
        report.interrupted = True
    except HarnessFault as fault:
        report.fault = str(fault)
    finally:
        worker.close()
    report.seconds = time.monotonic() - started
    course.close()
    report.complaints = list(_complaints(plan, report))
    return report


def _complaints(plan: Plan, report: Report) -> Iterator[str]:
    """Yield the health gates and controls that failed."""
    yield from replace(
        report.tally.measure,
        possible=plan.payloads(),
        by_reference=plan.settings[0].judging.by_reference,
        whole=plan.carving == WHOLE,
    ).complaints()
    yield from _not_tested(plan, report.tally)
    for executor, overlap in sorted(report.tally.overlap.items()):
        if (complaint := overlap_complaint(executor, overlap)) is not None:
            yield complaint
    yield from report.tally.controls.missed
    if not report.tally.controls.rounds and not report.interrupted and report.fault is None:
        yield "no control was run: this campaign proves nothing"


def _not_tested(plan: Plan, tally: Tally) -> Iterator[str]:
    """Yield a complaint for every executor of which less than half of the cases were compared."""
    for name, times in Counter(setting.executor for setting in plan.settings).items():
        runs, compared = tally.cases * times, tally.compared[name]
        if runs and not compared:
            yield f"every run of {name} was unsupported: nothing was compared"
        elif compared < LEAST_COMPARED * runs:
            yield f"{compared} of {runs} cases of {name} were compared, the others unsupported"


@contextmanager
def _databases(plan: Plan, jobs: int) -> Iterator[Plan]:
    """Give the plan of worker processes: their temporary databases are this process's to remove."""
    if jobs == 1 or plan.storage == "memory" or plan.database is not None:
        yield plan
        return
    with temporary_directory() as folder:
        yield replace(plan, database=folder)


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
