"""Failures brought back by their schedule: shrunk together with it, replayed exactly.

The ladder of a replay: first under the recorded deviations, then under the recorded trace, then a
bounded search nearby; the first rung on which the recorded failure comes back is reported. A strict
replay uses the first rung alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from lockstep.case.deviation import Schedule
from lockstep.case.file import Record
from lockstep.case.values import Case
from lockstep.explain.sentence import race_sentence
from lockstep.findings.earlier_cases import shortest_run
from lockstep.findings.finding import Settled
from lockstep.findings.replayed import (
    BroughtBack,
    Rung,
    brought_back,
    fails_as_recorded,
    should_fail,
)
from lockstep.run.fingerprint import is_its_own, signature_of
from lockstep.run.result import Run
from lockstep.run.watchdog import LATE
from lockstep.schedules.deviations import FollowDeviations
from lockstep.schedules.mix import Mix
from lockstep.schedules.strategy import Strategy
from lockstep.shrink.passes import PASSES
from lockstep.shrink.payloads import plainer_payloads
from lockstep.shrink.reduce import BUDGET, UNWATCHED, Reduced, Watch, reduce
from lockstep.shrink.same_failure import AnyFailure, SameFailure, schedule_of
from lockstep.streams import stream
from lockstep.targets.steered import STEP_LIMIT, FreshLane, SteeredLane
from lockstep.verdict import Verdict
from lockstep_parallel.steps.drivers.scheduled import Choose, Pending

NEARBY_LIMIT = 200
NEARBY_WALKS = 100
LATE_SECONDS, LEAST_LATE = 60.0, 6
"""What shrinking a hang may take that shows only when its deadline is over."""


class BySchedule:
    """Brings failures of a steered lane back.

    Each run is on an executor that has run nothing else, or nothing but the cases of ``after``.
    """

    def __init__(self, lane: SteeredLane, after: tuple[Case, ...] = ()) -> None:
        self._plain = lane
        self._after = after
        self._lane = FreshLane(lane, after)

    def settle(
        self, case: Case, run: Run, watch: Watch = UNWATCHED, earlier: tuple[Case, ...] = ()
    ) -> Settled:
        """Shrink case and schedule, and replay both twice.

        Where ``case`` does not fail alone, look for the ``earlier`` cases that it fails after.
        """
        settled = self._settled(case, run, watch)
        if settled.run is not run:
            return settled
        after = shortest_run(case, run, self._plain, earlier, watch.between)
        if not after:
            return settled
        # What is smaller fails after others alone, so it is not kept before these are known.
        again = BySchedule(self._plain, after).settle(case, run, Watch(between=watch.between))
        return settled if again.run is run else again

    def _settled(self, case: Case, run: Run, watch: Watch) -> Settled:
        """Shrink and replay; where the failure is not back, ``run`` is the one that is told."""
        lane = self._lane
        reduced = shrink(case, run, lane, watch)
        same = SameFailure(lane, signature_of(run))
        final = same.same_in(lane.run_deviating(reduced.case, reduced.schedule))
        if final is not None:
            return _shown(lane, reduced, final, self._after)
        schedule = schedule_of(run, lane.setting.workers)
        return Settled(
            Reduced(case, schedule, reduced.executions, finished=False), run, repeatable=False
        )

    def simplest(self, settled: Settled, between: Callable[[], None]) -> Settled:
        """Shrink on, with plainer transactions, then to the simplest failure that is in there.

        Plainer ones as long as it looks the same: so what only accompanies a failure gets lost
        before it could be taken for it. Afterwards things are left out alone, for whatever is put
        in could bring another failure in.
        """
        kept = settled.run.verdict in (Verdict.HANG, Verdict.UNANNOUNCED)
        if kept or not settled.repeatable:
            return settled
        lane, after = FreshLane(self._plain, settled.after), settled.after
        start, watch = settled.reduced, Watch(between=between)
        wanted = signature_of(settled.run)
        passes = (plainer_payloads, *PASSES)
        same = SameFailure(lane, wanted)
        plainer = reduce(start.case, start.schedule, same, BUDGET, watch, passes)
        met = lane.run_deviating(plainer.case, plainer.schedule)
        shown = same.same_in(met)
        if shown is not None and is_its_own(shown):
            executions = start.executions + plainer.executions
            return _shown(lane, replace(plainer, executions=executions), shown, after)
        beside = {signature_of(each) for each in met.failures} - {wanted}
        freely = AnyFailure(lane, beside)
        reduced = reduce(plainer.case, plainer.schedule, freely, BUDGET, watch)
        final = freely.same_in(lane.run_deviating(reduced.case, reduced.schedule))
        if final is None or (reduced.case, reduced.schedule) == (start.case, start.schedule):
            return settled
        executions = start.executions + plainer.executions + reduced.executions
        return _shown(lane, replace(reduced, executions=executions), final, after)

    def replay(self, record: Record, *, strict: bool) -> BroughtBack:
        """Run ``record`` under its schedule, and climb the ladder if its failure is not back."""
        followers: list[FollowDeviations] = []

        def choosing(ids: tuple[str, ...]) -> Choose:
            followers.append(FollowDeviations(record.schedule, ids))
            return followers[-1]

        run, rung = self._lane.run_once(record.case, choosing), Rung.DEVIATIONS
        if should_fail(record) and not fails_as_recorded(record, run):
            run, rung = self._climb(record, run, () if strict else self._further(record))
        return brought_back(record, run, _unmet(record, followers), rung)

    def _climb(
        self, record: Record, first: Run, further: Iterable[tuple[Rung, Run]]
    ) -> tuple[Run, Rung]:
        """Return the run with the recorded failure and its rung, else the first that fails."""
        shown = first
        for rung, run in further:
            if fails_as_recorded(record, run):
                return run, rung
            if not shown.verdict.is_failure and run.verdict.is_failure:
                shown = run
        return shown, Rung.ANOTHER

    def _further(self, record: Record) -> Iterator[tuple[Rung, Run]]:
        lane, case = self._lane, record.case
        yield Rung.TRACE, lane.run_trace(case, record.trace)
        for shorter in range(len(record.schedule)):
            fewer = record.schedule[:shorter] + record.schedule[shorter + 1 :]
            yield Rung.NEARBY, lane.run_deviating(case, fewer)
        yield Rung.NEARBY, lane.run_breadth_first(case, NEARBY_LIMIT)
        yield Rung.NEARBY, lane.run_exhaustively(case, NEARBY_LIMIT)
        random = stream("replay", "nearby")
        mix = Mix.for_one_case(NEARBY_LIMIT * 1000)
        for _ in range(NEARBY_WALKS):
            yield Rung.NEARBY, lane.run_mixed(case, random, mix)


def _shown(lane: FreshLane, reduced: Reduced, final: Run, after: tuple[Case, ...]) -> Settled:
    """Return the failure that is back in ``final``, with how surely it is and how it came about."""
    case, schedule = reduced.case, reduced.schedule
    return Settled(
        reduced,
        final,
        repeatable=is_repeatable(case, schedule, lane),
        race=race_sentence(lane, case, schedule) if schedule else None,
        after=after,
    )


def draw(record: Record, lane: SteeredLane, strategy: Strategy) -> BroughtBack:
    """Run ``record`` under schedules that ``strategy`` draws."""
    mix = Mix.for_one_case(STEP_LIMIT, strategy)
    return brought_back(record, lane.run_mixed(record.case, stream("replay", "strategy"), mix))


def shrink(case: Case, run: Run, lane: SteeredLane, watch: Watch = UNWATCHED) -> Reduced:
    """Shrink a case that failed in ``run``: without a schedule if it fails sequentially too."""
    same = SameFailure(lane, signature_of(run))
    sequential = same.attempt(case, ())
    schedule = () if sequential.schedule is not None else same.schedule_of(case, run)
    if sequential.schedule is None and same.attempt(case, schedule).schedule is None:
        return Reduced(case, schedule, sequential.executions + 1, finished=False)
    return reduce(case, schedule, same, _budget(run, lane), watch)


def _budget(run: Run, lane: SteeredLane) -> int:
    """Return the executions to spend; a hang that waits for its deadline takes that long."""
    if not any(LATE in each.actual for each in run.differences[:1]):
        return BUDGET
    return max(LEAST_LATE, int(LATE_SECONDS / lane.setting.deadline))


def is_repeatable(case: Case, schedule: Schedule, lane: SteeredLane) -> bool:
    """Run twice and compare what was on offer at every step, and how it ended."""
    observed: list[list[tuple[tuple[int, str], ...]]] = []
    ends = []
    for _ in range(2):
        watches: list[_Offers] = []

        def choosing(ids: tuple[str, ...], watches: list[_Offers] = watches) -> Choose:
            watches.append(_Offers(FollowDeviations(schedule, ids)))
            return watches[-1]

        run = lane.run_once(case, choosing)
        observed.append([offer for watch in watches for offer in watch.offers])
        ends.append((run.verdict, run.differences))
    return observed[0] == observed[1] and ends[0] == ends[1]


class _Offers:
    """A ``choose`` that notes what was on offer at every step."""

    __slots__ = ("_choose", "offers")

    def __init__(self, choose: Choose) -> None:
        self._choose = choose
        self.offers: list[tuple[tuple[int, str], ...]] = []

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick what the wrapped ``choose`` picks."""
        self.offers.append(tuple((each.task, each.operation.label) for each in runnable))
        return self._choose(runnable)


def _unmet(record: Record, followers: list[FollowDeviations]) -> tuple[str, ...]:
    return tuple(
        str(each)
        for each in record.schedule
        if all(each in follower.unused for follower in followers)
    )
