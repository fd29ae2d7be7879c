"""A trial: one campaign against one subject, up to the first failure, and what comes after it.

Invariant: the cases, their order and their schedules are those of ``lockstep fuzz`` with the same
seed; only the budget of CPU time depends on the machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count, islice

from lockstep.audit.subject import Size, Subject
from lockstep.campaign.campaign import CHUNK
from lockstep.campaign.worker import Plan, Ran, Worker
from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.findings.by_schedule import shrink
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.shrink.reduce import Reduced
from lockstep.targets.named import as_steered
from lockstep.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Terms:
    """What all trials of an audit have in common; ``budget`` is CPU-seconds up to detection."""

    budget: float
    storage: str
    workers: int = 4
    driver: str = "scheduled"


@dataclass(frozen=True, slots=True)
class Searched:
    """What was spent: cases begun, executions of blocks, CPU-seconds of this process.

    The seconds include generation, the reference, the comparison and the schedules.
    """

    cases: int
    executions: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What the first failure shrank to, and what that took."""

    size: Size
    executions: int
    seconds: float
    finished: bool


@dataclass(frozen=True, slots=True)
class Twin:
    """The correct executor on the same cases, and on the shrunk one; ``alarms`` should be none."""

    cases: int
    executions: int
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """One subject under one seed; ``verdict`` is empty if it survived, ``failure`` says more."""

    seed: str
    searched: Searched
    verdict: str = ""
    failure: str = ""
    shrunk: Shrunk | None = None
    twin: Twin | None = None

    @property
    def found(self) -> bool:
        """Tell whether the fault was detected."""
        return bool(self.verdict)


def detect(executor: str, seed: str, terms: Terms) -> Trial:
    """Search alone: neither shrink nor run a twin."""
    with closing(_worker(executor, seed, terms)) as worker:
        searched, found = _search(worker, terms.budget)
    if found is None:
        return Trial(seed, searched)
    verdict, *words = signature_of(found[1])
    return Trial(seed, searched, verdict, " ".join(words))


def run_trial(subject: Subject, seed: str, terms: Terms) -> Trial:
    """Search, shrink what is found, and run the twin over the same cases."""
    with closing(_worker(subject.executor, seed, terms)) as worker:
        searched, found = _search(worker, terms.budget)
        if found is None:
            return Trial(seed, searched, twin=_twin(subject, seed, terms, searched.cases, None))
        case, run = found
        started = time.process_time()
        reduced = shrink(case, run, as_steered(worker.lanes[0]))
        seconds = time.process_time() - started
    size = Size(reduced.case.transactions(), len(reduced.schedule))
    shrunk = Shrunk(size, reduced.executions, seconds, reduced.finished)
    twin = _twin(subject, seed, terms, searched.cases, reduced)
    verdict, *words = signature_of(run)
    return Trial(seed, searched, verdict, " ".join(words), shrunk, twin)


def _worker(executor: str, seed: str, terms: Terms) -> Worker:
    setting = Setting(executor, terms.workers, terms.driver)
    return Worker(Plan(seed, (setting,), terms.storage), "audit")


def _search(worker: Worker, budget: float) -> tuple[Searched, tuple[Case, Run] | None]:
    """Run cases up to the first that fails, or until ``budget`` is spent."""
    executions = 0
    started = time.process_time()
    for number, _setting, case, run, _killed in _campaign(worker):
        executions += run.executions
        seconds = time.process_time() - started
        if run.verdict.is_failure or seconds >= budget:
            found = (case, run) if run.verdict.is_failure else None
            return Searched(number + 1, executions, seconds), found
    raise AssertionError("a campaign without a limit ended")


def _campaign(worker: Worker) -> Iterator[Ran]:
    """Give the runs of a campaign, chunk after chunk, without end."""
    for start in count(0, CHUNK):
        yield from worker.runs(start, CHUNK)


def _twin(
    subject: Subject, seed: str, terms: Terms, cases: int, reduced: Reduced | None
) -> Twin | None:
    """Run the correct executor over the first ``cases``, within the same budget."""
    if subject.twin is None:
        return None
    alarms = []
    executions = seen = 0
    with closing(_worker(subject.twin, seed, terms)) as worker:
        started = time.process_time()
        for number, _setting, _case, run, _killed in islice(_campaign(worker), cases):
            seen, executions = number + 1, executions + run.executions
            if run.verdict is not Verdict.AGREE:
                alarms.append(f"case {number} of seed {seed}: {run.verdict.value}")
            if time.process_time() - started >= terms.budget:
                break
        if reduced is not None:
            run = as_steered(worker.lanes[0]).run_deviating(reduced.case, reduced.schedule)
            executions += run.executions
            if run.verdict is not Verdict.AGREE:
                alarms.append(f"the shrunk case of seed {seed}: {run.verdict.value}")
    return Twin(seen, executions, tuple(alarms))
