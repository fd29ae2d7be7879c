"""A chunk of a campaign: some consecutive case numbers, run in one process.

Invariant: what a chunk reports depends on the plan and the case numbers alone, not on the process,
on other chunks or on time.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from lockstep.campaign.controls import EVERY as CONTROLS_EVERY
from lockstep.campaign.controls import Controlled, Controls
from lockstep.campaign.health import KINDS, Measure
from lockstep.campaign.marker import Marker
from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.corpus.behaviours import Fact
from lockstep.corpus.feedback import MUTATED_SHARE, Feedback
from lockstep.findings.finding import FINDINGS
from lockstep.findings.investigate import met_record
from lockstep.findings.keeping import Keeper, Kept
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
from lockstep.undisturbed import undisturbed
from lockstep.verdict import Difference, Verdict

NOTE_SECONDS = 0.2
ENOUGH = 3
"""Hangs and crashes with which a campaign may begin before it is given up."""
BREAKING = frozenset({Verdict.HANG.value, Verdict.CRASH.value})


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
    findings: Path = FINDINGS

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
    """A failing case and its number, the setting it failed under, its kind and its run.

    ``killed`` means that the process died of it: its run tells how, and nothing more.
    """

    number: int
    setting: int
    fingerprint: str
    case: Case
    run: Run
    killed: bool = False


class Ran(NamedTuple):
    """A case of a campaign that was run, by its number, under the setting of this position."""

    number: int
    setting: int
    case: Case
    run: Run
    killed: bool = False


@dataclass(frozen=True, slots=True)
class Went:
    """A note: how far a chunk has come since the last one; ``start`` names the chunk."""

    start: int
    cases: int
    executions: int
    verdicts: Counter[str]


@dataclass(frozen=True, slots=True)
class Met:
    """A note: a failure of a kind that this process had not met, its chunk, where it is kept."""

    start: int
    failure: Failure
    kept: Kept


@dataclass(frozen=True, slots=True)
class Begins:
    """A note: the case that is run next, if it is the last thing that this process does."""

    start: int
    number: int
    setting: int
    case: Case


@dataclass(frozen=True, slots=True)
class Killer:
    """A case that a process died of, when it was run under the setting of this position."""

    number: int
    setting: int
    how: str


Note: TypeAlias = Went | Met | Begins


@dataclass(slots=True)
class Tally:
    """What some cases gave; tallies add up.

    ``unsupported`` counts runs by why they were, ``not_compared`` by what they left out,
    ``compared`` by executor those that were not unsupported, ``ended`` all by verdict and executor.
    ``facts`` are what the runs under the first setting did, ``kinds`` counts failures by kind, and
    ``failures`` are the first of each kind. ``hopeless`` says why it makes no sense to go on.
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
    kinds: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    hopeless: str = ""

    def add(self, other: Tally) -> None:
        """Add the counts of ``other``, a later chunk; its failures are another matter."""
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
        self.kinds += other.kinds
        self.hopeless = self.hopeless or other.hopeless


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
        self._keeper = Keeper(plan.findings)
        self._met: set[str] = set()
        self.marker = Marker(f"seed {plan.seed}, {self._names()}")

    def _names(self) -> str:
        return ", ".join(setting.executor for setting in self.plan.settings)

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
        for each in self._steps(start, count, feedback or self._feedback(), {}):
            if isinstance(each, Ran):
                yield each

    def do(
        self, start: int, count: int, careful: bool = False, killers: tuple[Killer, ...] = ()
    ) -> Generator[Note, None, Tally]:
        """Run the cases from ``start`` on, and the controls that are due, and count.

        ``careful`` notes every case before it is run; the ``killers`` are not run.
        """
        tally, feedback = Tally(), self._feedback()
        told = _Told(start)
        deadly = {(each.number, each.setting): each.how for each in killers}
        for each in self._steps(start, count, feedback, deadly):
            if isinstance(each, Begins):
                if careful:
                    yield each
                continue
            tally.cases = each.number - start + 1
            self._see(each, tally)
            known = len(self._met)
            yield from self._newly_met(start, each, tally)
            yield from told.progress(tally, at_once=len(self._met) > known)
            tally.hopeless = _hopeless(start, tally)
            if tally.hopeless:
                break
        tally.facts = feedback.facts
        for number in range(start, start + tally.cases):
            if number % CONTROLS_EVERY == 0 and not tally.hopeless:
                tally.controls.add(self._controls.control(number))
        return tally

    def keep(self, failure: Failure) -> Kept:
        """Write a failure that was just met."""
        lane = self.lanes[failure.setting]
        record = met_record(failure.case, failure.run, lane, self.origin(failure))
        name = f"case-{failure.number}-{failure.setting}"
        return self._keeper.met(record, failure.fingerprint, name)

    def lane_for(self, failure: Failure) -> Lane:
        """Return the lane to investigate on: what kills the process needs one of its own."""
        if not failure.killed:
            return self.lanes[failure.setting]
        return self._lane(replace(self.plan.settings[failure.setting], isolated=True))

    def origin(self, failure: Failure) -> dict[str, str]:
        """Say where a failure comes from."""
        return {"kind": "fuzz", "seed": self.plan.seed, "case": str(failure.number)}

    def close(self) -> None:
        """End the threads and close the stores."""
        self._resources.close()

    def _steps(
        self, start: int, count: int, feedback: Feedback, deadly: Mapping[tuple[int, int], str]
    ) -> Iterator[Begins | Ran]:
        """Give each run, and before it the case; what is ``deadly`` is told and not run."""
        mixes = [Mix(STEP_LIMIT, self._strategy) for _ in self.lanes]
        for number in range(start, start + count):
            case = self.case(number, feedback)
            for position, (lane, mix) in enumerate(zip(self.lanes, mixes, strict=True)):
                how = deadly.get((number, position))
                if how is not None:
                    yield Ran(number, position, case, killed(how), killed=True)
                    continue
                self.marker.at(number)
                yield Begins(start, number, position, case)
                run = self._run_mixed(lane, number, case, mix)
                if position == 0:
                    feedback.see(case, run)
                yield Ran(number, position, case, run)

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
            tally.kinds[kind] += 1
            if tally.kinds[kind] == 1:
                failure = Failure(ran.number, position, kind, ran.case, run, ran.killed)
                tally.failures.append(failure)

    def _newly_met(self, start: int, ran: Ran, tally: Tally) -> Iterator[Met]:
        """Keep and note a failure of a kind that this process has not met, both or neither."""
        newest = tally.failures[-1] if tally.failures else None
        if newest is None or (newest.number, newest.setting) != (ran.number, ran.setting):
            return
        if newest.fingerprint not in self._met:
            with undisturbed():
                self._met.add(newest.fingerprint)
                yield Met(start, newest, self.keep(newest))

    def _lane(self, setting: Setting) -> Lane:
        return self._resources.enter_context(open_lane(setting, self._stores))


class _Told:
    """What a chunk has told of its progress."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._at = time.monotonic()
        self._cases = self._executions = 0
        self._verdicts: Counter[str] = Counter()

    def progress(self, tally: Tally, *, at_once: bool = False) -> Iterator[Went]:
        """Give a note if the last one is a while ago; only what is shown depends on that."""
        now = time.monotonic()
        if now - self._at < NOTE_SECONDS and not at_once:
            return
        verdicts = Counter(tally.verdicts) - self._verdicts
        yield Went(
            self._start, tally.cases - self._cases, tally.executions - self._executions, verdicts
        )
        self._at, self._cases, self._executions = now, tally.cases, tally.executions
        self._verdicts = Counter(tally.verdicts)


def killed(how: str) -> Run:
    """Return the run of a case that a process died of."""
    difference = Difference("executor", "process", "an outcome", how)
    return Run(Verdict.CRASH, (difference,), ())


def _hopeless(start: int, tally: Tally) -> str:
    """Say that a campaign begins with nothing but hangs and crashes; empty if it does not."""
    if start or sum(tally.verdicts.values()) < ENOUGH or not tally.verdicts.keys() <= BREAKING:
        return ""
    words = " and ".join(sorted(tally.verdicts))
    return f"the first {tally.cases} cases all ended in {words}: nothing else can be found"
