"""A campaign: chunks of cases on one or more processes until the budget is spent.

Invariant: tallies are taken in case order, so the same seed and number of cases give the same
findings whatever the number of processes; a failure never ends the campaign.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from lockstep.campaign.versus import versus
from lockstep.campaign.worker import Bench, Plan, Tally, open_bench, run_chunk
from lockstep.faults import HarnessFault
from lockstep.findings.investigate import Finding, investigate

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
    bench = Bench(plan, "main")
    try:
        for tally in _tallies(plan, budget, jobs, bench, started):
            report.tally.add(tally)
            report.seconds = time.monotonic() - started
            progress(report)
            _investigate_new(bench, tally, report, folder, found)
    except KeyboardInterrupt:
        report.interrupted = True
    except (HarnessFault, BrokenExecutor) as fault:
        report.fault = str(fault)
    finally:
        bench.close()
    report.seconds = time.monotonic() - started
    report.complaints = [
        *replace(report.tally.measure, possible=plan.payloads).complaints(),
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
    bench: Bench, tally: Tally, report: Report, folder: Path, found: Progress
) -> None:
    for failure in tally.failures:
        if failure.fingerprint in report.kinds:
            continue
        report.kinds.add(failure.fingerprint)
        runner = bench.runners[failure.setting]
        origin = {"kind": "fuzz", "seed": bench.plan.seed, "case": str(failure.number)}
        finding = investigate(failure.case, failure.run, runner, origin, folder)
        others = [each for each in bench.runners if each is not runner]
        told = versus(finding.case, finding.run, runner.setting.executor, others)
        report.findings.append(replace(finding, versus=tuple(told)))
        found(report)


def _tallies(
    plan: Plan, budget: Budget, jobs: int, bench: Bench, started: float
) -> Iterator[Tally]:
    chunks = _chunks(budget, started)
    if jobs == 1:
        for start, count in chunks:
            yield bench.chunk(start, count)
        return
    yield from _parallel_tallies(plan, jobs, chunks)


def _parallel_tallies(plan: Plan, jobs: int, chunks: Iterator[tuple[int, int]]) -> Iterator[Tally]:
    context = multiprocessing.get_context("spawn")
    pending: deque[Future[Tally]] = deque()
    pool = ProcessPoolExecutor(jobs, context, open_bench, (plan,))
    try:
        for start, count in chunks:
            with _interrupts_ignored():
                pending.append(pool.submit(run_chunk, start, count))
            if len(pending) > 2 * jobs:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore Ctrl-C while a worker may be spawned: it inherits that, and the parent handles it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _chunks(budget: Budget, started: float) -> Iterator[tuple[int, int]]:
    start = 0
    while budget.cases is None or start < budget.cases:
        if budget.seconds is not None and time.monotonic() - started >= budget.seconds:
            return
        count = CHUNK if budget.cases is None else min(CHUNK, budget.cases - start)
        yield start, count
        start += count
