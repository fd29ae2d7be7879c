"""A chunk of a campaign: some consecutive case numbers, run in one process.

Invariant: what a chunk reports depends on the plan and the case numbers alone, not on the process,
on other chunks or on time.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

from lockstep.campaign.controls import EVERY as CONTROLS_EVERY
from lockstep.campaign.controls import Controls
from lockstep.campaign.marker import Marker
from lockstep.campaign.notes import Begins, Killer, Met, Note, Told
from lockstep.campaign.plan import Plan
from lockstep.campaign.tally import Failure, Tally, hopelessness
from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.corpus.feedback import Feedback
from lockstep.findings.investigate import met_record
from lockstep.findings.keeping import Keeper, Kept
from lockstep.generate.carve import carved
from lockstep.generate.mixture import case_at
from lockstep.generate.references import REFERENCES, with_references
from lockstep.generate.wide import widened
from lockstep.run.fingerprint import fingerprint
from lockstep.run.result import Run
from lockstep.run.stores import open_stores
from lockstep.schedules.mix import Mix
from lockstep.schedules.strategy import strategy_named
from lockstep.streams import stream
from lockstep.targets.exchanged import NONE_EXCHANGED, Exchanged
from lockstep.targets.named import as_chosen, open_lane
from lockstep.targets.steered import STEP_LIMIT
from lockstep.targets.target import Lane
from lockstep.undisturbed import undisturbed
from lockstep.verdict import Difference, Verdict

CHUNK = 50
"""Cases that are run in one process, one after another, and may learn from each other."""
EXCHANGED = 16
"""One agreeing case in so many, drawn by seed, runs again with independent steps exchanged."""


class Ran(NamedTuple):
    """A case of a campaign that was run, by its number, under the setting of this position.

    ``orders`` counts the other orders of independent steps that it ran in as well; ``run`` is one
    of those if nothing else failed. ``executions`` are those of blocks, all together. ``earlier``
    are the cases that the executor had run before, if this one fails.
    """

    number: int
    setting: int
    case: Case
    run: Run
    executions: int = 0
    orders: int = 0
    killed: bool = False
    earlier: tuple[Case, ...] = ()


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
        return ", ".join(setting.tested for setting in self.plan.settings)

    def case(self, number: int, feedback: Feedback | None = None) -> Case:
        """Return case ``number`` of the plan, as generated or as ``feedback`` has it."""
        plan = self.plan
        case = case_at(plan.seed, number, plan.scheme, plan.carving, plan.needs)
        if feedback is not None:
            case = feedback.case(number, case)
        for projection in self._projections:
            case = projection.project(case, stream(self.plan.seed, "projection", number))
        if any(lane.wants_width() for lane in self.lanes):
            case = widened(case, stream(self.plan.seed, "width", number))
        if number >= len(self.plan.seeds):
            case = carved(case, self.plan.carving)
        random = stream(self.plan.seed, "references", number)
        return with_references(case, self._references(), random)

    def _references(self) -> tuple[str, ...]:
        """Return the kinds of references that all take to whom they matter; none if to nobody."""
        told = [each for lane in self.lanes if (each := lane.references()) is not None]
        return tuple(kind for kind in REFERENCES if told and all(kind in each for each in told))

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
        told = Told(start)
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
            tally.hopeless = hopelessness(start, tally)
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
        apart = replace(self.plan.settings[failure.setting], isolated=True, preempt="")
        return self._lane(apart)

    def origin(self, failure: Failure) -> dict[str, str]:
        """Say where a failure comes from."""
        origin = {"kind": "fuzz", "seed": self.plan.seed, "case": str(failure.number)}
        label = self.plan.label(failure.setting)
        numbered = label != self.plan.settings[failure.setting].label
        return origin | ({"called": label} if numbered else {})

    def close(self) -> None:
        """End the threads and close the stores."""
        self._resources.close()

    def _steps(
        self, start: int, count: int, feedback: Feedback, deadly: Mapping[tuple[int, int], str]
    ) -> Iterator[Begins | Ran]:
        """Give each run, and before it the case; what is ``deadly`` is told and not run.

        The executors are new: what one keeps from case to case depends on no other chunk.
        """
        for lane in self.lanes:
            lane.renew()
        before: list[Case] = []
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
                exchanged = self._exchanged(lane, number, case, run)
                mix.allowance -= exchanged.executions
                executions = run.executions + exchanged.executions
                run = exchanged.failing or run
                earlier = tuple(before) if run.verdict.is_failure else ()
                orders = exchanged.orders
                yield Ran(number, position, case, run, executions, orders, earlier=earlier)
            before.append(case)

    def _feedback(self) -> Feedback:
        return Feedback(self.plan.seed, self.plan.seeds, self.plan.mutated)

    def _run_mixed(self, lane: Lane, number: int, case: Case, mix: Mix) -> Run:
        random = stream(self.plan.seed, "schedule", number)
        return lane.run_mixed(case, random, mix)

    def _exchanged(self, lane: Lane, number: int, case: Case, run: Run) -> Exchanged:
        """Run a share of the cases in a few other orders of the steps of ``run``."""
        random = stream(self.plan.seed, "exchange", number)
        if random.randrange(EXCHANGED):
            return NONE_EXCHANGED
        return lane.run_exchanged(case, run, random.randrange(1 << 16))

    def _run_control(self, lane: Lane, number: int) -> Run:
        return self._run_mixed(lane, number, self.case(number), Mix.for_one_case(STEP_LIMIT))

    def _see(self, ran: Ran, tally: Tally) -> None:
        position, run = ran.setting, ran.run
        tally.executions += ran.executions
        tally.exchanged += ran.orders > 0
        tally.orders += ran.orders
        word = run.verdict.value
        tally.verdicts[word] = tally.verdicts.get(word, 0) + 1
        tally.overlap_with(self.plan.settings[position].executor, run.overlap)
        tally.ended[word, self.plan.settings[position].executor] += 1
        if run.verdict is Verdict.UNSUPPORTED:
            tally.unsupported.update(run.why_unsupported())
            for word in run.why_unsupported():
                tally.first_unsupported.setdefault(word, ran.number)
        else:
            tally.compared[self.plan.settings[position].executor] += 1
            tally.not_compared.update(run.not_compared)
        if position == 0:
            tally.measure.see(run)
        if run.verdict.is_failure:
            label = self.plan.label(position)
            bins = {fingerprint(label, each): each for each in reversed(run.failures)}
            tally.bins.update(bins.keys())
            tally.failures += [
                Failure(ran.number, position, name, ran.case, each, ran.killed, ran.earlier)
                for name, each in reversed(bins.items())
                if tally.bins[name] == 1
            ]

    def _newly_met(self, start: int, ran: Ran, tally: Tally) -> Iterator[Met]:
        """Keep and note the failures of bins that this process has not met, both or neither."""
        for newest in tally.failures:
            if (newest.number, newest.setting) != (ran.number, ran.setting):
                continue
            if newest.fingerprint not in self._met:
                with undisturbed():
                    self._met.add(newest.fingerprint)
                    yield Met(start, newest, self.keep(newest))

    def _lane(self, setting: Setting) -> Lane:
        return self._resources.enter_context(open_lane(setting, self._stores))


def killed(how: str) -> Run:
    """Return the run of a case that a process died of."""
    difference = Difference("executor", "process", "an outcome", how)
    return Run(Verdict.CRASH, (difference,), ())
