"""A trial: one campaign against one subject, up to the first failure, and what comes after it.

Invariant: the cases, their order and their schedules are those of ``lockstep fuzz`` with the same
seed; only the budget of CPU time depends on the machine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path

from lockstep.audit.subject import Size, Subject
from lockstep.campaign.plan import Plan
from lockstep.campaign.tally import Failure
from lockstep.campaign.worker import CHUNK, Ran, Worker
from lockstep.case.file import Setting
from lockstep.corpus.shipped import shipped_cases
from lockstep.findings.by_schedule import shrink
from lockstep.findings.finding import Settled
from lockstep.findings.investigate import met_record
from lockstep.findings.keeping import Keeper
from lockstep.run.fingerprint import fingerprint, signature_of
from lockstep.shrink.reduce import Reduced
from lockstep.targets.exchanging import showing
from lockstep.targets.named import as_steered
from lockstep.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Terms:
    """What all trials of an audit have in common; ``budget`` is CPU-seconds up to detection.

    ``findings`` is the folder that failing cases are kept in, None for nowhere. ``twins`` tells
    whether the correct executors are run, too.
    """

    budget: float
    storage: str
    workers: int = 4
    driver: str = "scheduled"
    findings: str | None = None
    twins: bool = True


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
    """One subject under one seed; ``verdict`` is empty if it survived, ``failure`` says more.

    ``kept`` is the file of the failing case, ``broke`` why the trial could not be made.
    """

    seed: str
    searched: Searched
    verdict: str = ""
    failure: str = ""
    shrunk: Shrunk | None = None
    twin: Twin | None = None
    kept: str = ""
    broke: str = ""

    @property
    def found(self) -> bool:
        """Tell whether the fault was detected."""
        return bool(self.verdict)


def detect(subject: Subject, seed: str, terms: Terms) -> Trial:
    """Search alone: neither shrink nor run a twin."""
    with closing(_worker(subject.setting, seed, terms)) as worker:
        searched, found = _search(worker, terms.budget)
    if found is None:
        return Trial(seed, searched)
    verdict, *words = signature_of(found.run)
    return Trial(seed, searched, verdict, " ".join(words))


def run_trial(subject: Subject, seed: str, terms: Terms) -> Trial:
    """Search, shrink what is found, and run the twin over the same cases."""
    with closing(_worker(subject.setting, seed, terms)) as worker:
        searched, found = _search(worker, terms.budget)
        if found is None:
            return Trial(seed, searched, twin=_twin(subject, seed, terms, searched.cases, None))
        keeping = None if terms.findings is None else _Keeping(worker, found)
        started = time.process_time()
        lane = showing(as_steered(worker.lanes[0]), found.run.verdict.value)
        reduced = shrink(found.case, found.run, lane)
        seconds = time.process_time() - started
        kept = "" if keeping is None else keeping.settled(reduced)
    size = Size(reduced.case.transactions(), len(reduced.schedule))
    shrunk = Shrunk(size, reduced.executions, seconds, reduced.finished)
    twin = _twin(subject, seed, terms, searched.cases, reduced)
    verdict, *words = signature_of(found.run)
    return Trial(seed, searched, verdict, " ".join(words), shrunk, twin, kept)


def broken_trial(seed: str, how: str) -> Trial:
    """Return the trial that could not be made, and why."""
    return Trial(seed, Searched(0, 0, 0.0), broke=how)


class _Keeping:
    """Keeps a failure from the moment it is found: as it was met, then as it was shrunk."""

    def __init__(self, worker: Worker, found: Ran) -> None:
        self._kind = fingerprint(worker.plan.settings[0].label, found.run)
        self._failure = Failure(found.number, 0, self._kind, found.case, found.run)
        self._lane = showing(as_steered(worker.lanes[0]), found.run.verdict.value)
        self._origin = worker.origin(self._failure) | self._lane.identity()
        self._keeper = Keeper(worker.plan.findings)
        record = met_record(found.case, found.run, self._lane, self._origin)
        # Each process makes one trial at a time.
        name = f"case-{found.number}-{os.getpid()}"
        self._kept = self._keeper.met(record, self._kind, name)

    def settled(self, reduced: Reduced) -> str:
        """Put the shrunk case, if it fails again, in the place of what was met; say where it is."""
        run = self._lane.run_deviating(reduced.case, reduced.schedule)
        back = run.verdict.is_failure and signature_of(run) == signature_of(self._failure.run)
        if back:
            record = Settled(reduced, run, repeatable=True).record(self._lane.setting, self._origin)
            self._kept = self._keeper.settled(self._kept, record, self._kind)
        return self._kept.problem if self._kept.path is None else str(self._kept.path)


def _worker(setting: Setting, seed: str, terms: Terms) -> Worker:
    setting = replace(setting, workers=terms.workers, driver=terms.driver)
    plan = Plan(seed, (setting,), terms.storage)
    plan = replace(plan, seeds=shipped_cases(plan.scheme))
    if terms.findings is not None:
        plan = replace(plan, findings=Path(terms.findings))
    return Worker(plan, "audit")


def _search(worker: Worker, budget: float) -> tuple[Searched, Ran | None]:
    """Run cases up to the first that fails, or until ``budget`` is spent."""
    executions = 0
    started = time.process_time()
    for ran in _campaign(worker):
        executions += ran.executions
        seconds = time.process_time() - started
        fails = ran.run.verdict.is_failure
        if fails or seconds >= budget:
            return Searched(ran.number + 1, executions, seconds), ran if fails else None
    raise AssertionError("a campaign without a limit ended")


def _campaign(worker: Worker) -> Iterator[Ran]:
    """Give the runs of a campaign, chunk after chunk, without end."""
    for start in count(0, CHUNK):
        yield from worker.runs(start, CHUNK)


def _twin(
    subject: Subject, seed: str, terms: Terms, cases: int, reduced: Reduced | None
) -> Twin | None:
    """Run the correct executor over the first ``cases``, within the same budget."""
    right = subject.without_fault
    if right is None or not terms.twins:
        return None
    alarms = []
    executions = seen = 0
    with closing(_worker(right, seed, terms)) as worker:
        started = time.process_time()
        for ran in islice(_campaign(worker), cases):
            seen, executions = ran.number + 1, executions + ran.executions
            if ran.run.verdict is not Verdict.AGREE:
                alarms.append(f"case {ran.number} of seed {seed}: {ran.run.verdict.value}")
            if time.process_time() - started >= terms.budget:
                break
        if reduced is not None:
            run = as_steered(worker.lanes[0]).run_deviating(reduced.case, reduced.schedule)
            executions += run.executions
            if run.verdict is not Verdict.AGREE:
                alarms.append(f"the shrunk case of seed {seed}: {run.verdict.value}")
    return Twin(seen, executions, tuple(alarms))
