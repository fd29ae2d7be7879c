"""A chunk of a campaign: some consecutive case numbers, run in one process.

Invariant: what a chunk reports depends on the plan and the case numbers alone, not on the process,
on other chunks or on time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from lockstep.campaign.controls import EVERY as CONTROLS_EVERY
from lockstep.campaign.controls import Controlled, Controls
from lockstep.campaign.health import KINDS, Measure
from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.corpus.behaviours import Fact
from lockstep.corpus.feedback import MUTATED_SHARE, Feedback
from lockstep.generate.mixture import case_at
from lockstep.run.fingerprint import fingerprint
from lockstep.run.result import Run
from lockstep.run.stores import open_stores
from lockstep.schedules.mix import Mix
from lockstep.schedules.strategy import strategy_named
from lockstep.streams import stream
from lockstep.targets.named import as_chosen, find, open_lane
from lockstep.targets.steered import STEP_LIMIT
from lockstep.targets.target import Lane, Projection
from lockstep.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides what a campaign does; ``database`` None is a temporary one.

    ``strategy`` names the one that draws schedules, None for the usual mix.

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
    strategy: str | None = None

    def projections(self) -> tuple[Projection, ...]:
        """Return those that the cases go through: every one that some target needs, for all."""
        needed = (find(setting.executor).projection for setting in self.settings)
        return tuple(dict.fromkeys(each for each in needed if each is not None))

    def payloads(self) -> tuple[str, ...]:
        """Return the payloads that the cases can have, by name."""
        left = [each.payloads for each in self.projections()]
        return tuple(kind for kind in KINDS if all(kind in payloads for payloads in left))


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


class Worker:
    """The open stores and built executors of one process; ``close`` releases them."""

    def __init__(self, plan: Plan, name: str) -> None:
        self.plan = plan
        self._resources = ExitStack()
        path = None if plan.database is None else plan.database / name
        self._stores = self._resources.enter_context(open_stores(plan.storage, path))
        self._projections = plan.projections()
        self._strategy = None if plan.strategy is None else strategy_named(plan.strategy)
        self.lanes = [self._lane(setting) for setting in plan.settings]
        if self._strategy is not None:
            for lane in self.lanes:
                as_chosen(lane)
        self._controls = Controls(self._lane, self._run_control)

    def case(self, number: int, feedback: Feedback | None = None) -> Case:
        """Return case ``number`` of the plan, as generated or as ``feedback`` has it."""
        case = case_at(self.plan.seed, number, self.plan.scheme)
        if feedback is not None:
            case = feedback.case(number, case)
        for projection in self._projections:
            case = projection.project(case, stream(self.plan.seed, "projection", number))
        return case

    def runs(self, start: int, count: int, feedback: Feedback | None = None) -> Iterator[Ran]:
        """Run the cases from ``start`` on, each under every setting and its own schedules.

        ``feedback`` is told what they do; a chunk begins with a new one.
        """
        mixes = [Mix(STEP_LIMIT, self._strategy) for _ in self.lanes]
        feedback = feedback or self._feedback()
        for number in range(start, start + count):
            case = self.case(number, feedback)
            for position, (lane, mix) in enumerate(zip(self.lanes, mixes, strict=True)):
                run = self._run_mixed(lane, number, case, mix)
                if position == 0:
                    feedback.see(case, run)
                yield Ran(number, position, case, run)

    def do(self, start: int, count: int) -> Tally:
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

    def _run_mixed(self, lane: Lane, number: int, case: Case, mix: Mix) -> Run:
        random = stream(self.plan.seed, "schedule", number)
        return lane.run_mixed(case, random, mix)

    def _run_control(self, lane: Lane, number: int) -> Run:
        return self._run_mixed(lane, number, self.case(number), Mix.for_one_case(STEP_LIMIT))

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

    def _lane(self, setting: Setting) -> Lane:
        return self._resources.enter_context(open_lane(setting, self._stores))
