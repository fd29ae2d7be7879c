"""A chunk of a campaign: some consecutive case numbers, run in one process.

Invariant: what a chunk reports depends on the plan and the case numbers alone, not on the process,
on other chunks or on time.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.util import Finalize
from pathlib import Path
from typing import NamedTuple

from lockstep.campaign.controls import EVERY as CONTROLS_EVERY
from lockstep.campaign.controls import Controlled, Controls
from lockstep.campaign.health import KINDS, Measure
from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.corpus.behaviours import Fact
from lockstep.corpus.feedback import MUTATED_SHARE, Feedback
from lockstep.generate.mixture import case_number
from lockstep.run.fingerprint import fingerprint
from lockstep.run.result import Run
from lockstep.run.stores import open_stores
from lockstep.schedules.mix import Mix
from lockstep.streams import stream
from lockstep.targets.labu.projection import PROJECTED_KINDS, project
from lockstep.targets.named import is_labu
from lockstep.targets.runner import STEP_LIMIT, Runner
from lockstep.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides what a campaign does; ``database`` None is a temporary one.

    ``seeds`` are run first, as they are. ``mutated`` is the share of the other cases that are near
    a seed or a case of the chunk that did something new.
    """

    seed: str
    settings: tuple[Setting, ...]
    storage: str = "rocksdb"
    scheme: str = "keyed-hash"
    database: Path | None = None
    seeds: tuple[Case, ...] = ()
    mutated: float = MUTATED_SHARE

    @property
    def projected(self) -> bool:
        """Tell whether the cases are projected onto what labu can express, for all executors."""
        return any(is_labu(setting.executor) for setting in self.settings)

    @property
    def payloads(self) -> tuple[str, ...]:
        """Return the payloads that the cases can have, by name."""
        return PROJECTED_KINDS if self.projected else KINDS


@dataclass(frozen=True, slots=True)
class Failure:
    """A failing case and its number, the setting it failed under, its kind and its run."""

    number: int
    setting: int
    fingerprint: str
    case: Case
    run: Run


class Ran(NamedTuple):
    """A case of a campaign that was run, by its number, under the setting of this position."""

    number: int
    setting: int
    case: Case
    run: Run


@dataclass(slots=True)
class Tally:
    """What some cases gave; tallies add up.

    ``unsupported`` counts runs by why they were, ``not_compared`` by what they left out,
    ``compared`` by executor those that were not unsupported, ``ended`` all by verdict and executor.
    ``facts`` are what the runs under the first setting did.
    """

    cases: int = 0
    executions: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    unsupported: Counter[str] = field(default_factory=Counter)
    not_compared: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    measure: Measure = field(default_factory=Measure)
    controls: Controlled = field(default_factory=Controlled)
    facts: set[Fact] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the counts and failures of ``other``, a later chunk."""
        self.cases += other.cases
        self.executions += other.executions
        for verdict, count in other.verdicts.items():
            self.verdicts[verdict] = self.verdicts.get(verdict, 0) + count
        self.unsupported += other.unsupported
        self.not_compared += other.not_compared
        self.compared += other.compared
        self.ended += other.ended
        self.measure.add(other.measure)
        self.controls.add(other.controls)
        self.facts |= other.facts
        self.failures += other.failures


class Bench:
    """The open stores and built executors of one process; ``close`` releases them."""

    def __init__(self, plan: Plan, name: str) -> None:
        self.plan = plan
        self._resources = ExitStack()
        path = None if plan.database is None else plan.database / name
        self._stores = self._resources.enter_context(open_stores(plan.storage, path))
        self.runners = [self._runner(setting) for setting in plan.settings]
        self._controls = Controls(self._runner, self._run_control)

    def case(self, number: int, feedback: Feedback | None = None) -> Case:
        """Return case ``number`` of the plan, as generated or as ``feedback`` has it."""
        case = case_number(self.plan.seed, number, self.plan.scheme)
        if feedback is not None:
            case = feedback.case(number, case)
        if not self.plan.projected:
            return case
        return project(case, stream(self.plan.seed, "projection", number))

    def runs(self, start: int, count: int, feedback: Feedback | None = None) -> Iterator[Ran]:
        """Run the cases from ``start`` on, each under every setting and its own schedules.

        ``feedback`` is told what they do; a chunk begins with a new one.
        """
        mixes = [Mix(STEP_LIMIT) for _ in self.runners]
        feedback = feedback or self._feedback()
        for number in range(start, start + count):
            case = self.case(number, feedback)
            for position, (runner, mix) in enumerate(zip(self.runners, mixes, strict=True)):
                run = self._run_mixed(runner, number, case, mix)
                if position == 0:
                    feedback.see(case, run)
                yield Ran(number, position, case, run)

    def chunk(self, start: int, count: int) -> Tally:
        """Run the cases from ``start`` on, and the controls that are due, and count."""
        tally = Tally(cases=count)
        feedback = self._feedback()
        for ran in self.runs(start, count, feedback):
            self._see(ran, tally)
        tally.facts = feedback.facts
        for number in range(start, start + count):
            if number % CONTROLS_EVERY == 0:
                tally.controls.add(self._controls.control(number))
        return tally

    def close(self) -> None:
        """End the threads and close the stores."""
        self._resources.close()

    def _feedback(self) -> Feedback:
        return Feedback(self.plan.seed, self.plan.seeds, self.plan.mutated)

    def _run_mixed(self, runner: Runner, number: int, case: Case, mix: Mix) -> Run:
        random = stream(self.plan.seed, "schedule", number)
        return runner.run_mixed(case, random, mix)

    def _run_control(self, runner: Runner, number: int) -> Run:
        return self._run_mixed(runner, number, self.case(number), Mix.for_one_case(STEP_LIMIT))

    def _see(self, ran: Ran, tally: Tally) -> None:
        position, run = ran.setting, ran.run
        tally.executions += run.executions
        word = run.verdict.value
        tally.verdicts[word] = tally.verdicts.get(word, 0) + 1
        tally.ended[word, self.plan.settings[position].executor] += 1
        if run.verdict is Verdict.UNSUPPORTED:
            tally.unsupported.update(run.why_unsupported())
        else:
            tally.compared[self.plan.settings[position].executor] += 1
            tally.not_compared.update(run.not_compared)
        if position == 0:
            tally.measure.see(run)
        if run.verdict.is_failure:
            kind = fingerprint(self.plan.settings[position].executor, run)
            tally.failures.append(Failure(ran.number, position, kind, ran.case, run))

    def _runner(self, setting: Setting) -> Runner:
        return self._resources.enter_context(Runner(setting, self._stores))


_bench: Bench | None = None


def open_bench(plan: Plan) -> None:
    """Prepare this worker process; interrupts are the parent's to handle."""
    global _bench
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _bench = Bench(plan, f"worker-{os.getpid()}")
    Finalize(None, _bench.close, exitpriority=1)


def run_chunk(start: int, count: int) -> Tally:
    """Run a chunk on this process's bench."""
    assert _bench is not None, "the worker was not prepared"
    return _bench.chunk(start, count)
