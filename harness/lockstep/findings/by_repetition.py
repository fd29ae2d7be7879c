"""Failures brought back by repetition: how often they come back, and their smallest case.

The interleavings are the target's own, so a candidate is tried as often as the measured rate asks
for. Invariant: a failure that does not come back every time is ``flaky``, whatever it was first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from math import ceil, log

from lockstep.case.deviation import Schedule
from lockstep.case.file import Record
from lockstep.case.manner import SEQUENTIAL, Manner
from lockstep.case.reproduction import Reproduction
from lockstep.case.values import Case
from lockstep.findings.finding import Settled
from lockstep.findings.replayed import BroughtBack, as_recorded, brought_back, should_fail
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.schedules.mix import Mix
from lockstep.shrink.passes import PASSES
from lockstep.shrink.payloads import plainer_payloads
from lockstep.shrink.reduce import BUDGET, UNWATCHED, Attempt, Reduced, Watch, reduce
from lockstep.streams import stream
from lockstep.targets.repeated import RepeatedLane, only
from lockstep.verdict import Verdict

TRIALS = 30
HANG_TRIALS = 2
"""Every trial of a hang waits for its deadline."""
MOST_REPEATS = 20
MISSED = 0.05
"""How often a candidate that still fails may be taken for one that does not."""
BUDGETS = {Verdict.HANG: 6, Verdict.CRASH: 100, Verdict.PROTOCOL_ERROR: 100}
"""Executions spent on shrinking what ends the process, which then starts anew each time."""

SIMPLEST_BUDGET = 500
"""Executions spent on the simplest failure in a shrunk case, which is small already."""

_ALIKE = frozenset({Verdict.DIVERGE, Verdict.SELF_DIVERGE})


class ByRepetition:
    """Brings failures of a lane back whose interleavings are its own."""

    def __init__(self, lane: RepeatedLane) -> None:
        self._lane = lane

    def settle(
        self,
        case: Case,
        run: Run,
        watch: Watch = UNWATCHED,
        earlier: tuple[Case, ...] = (),  # noqa: ARG002 - what a program keeps is not ours to renew
    ) -> Settled:
        """Measure, shrink and measure again."""
        manner = self._failing_manner(run)
        trials = HANG_TRIALS if run.verdict is Verdict.HANG else TRIALS
        repeating = _Repeating(self._lane, run, manner)
        before = repeating.measured(case, trials)
        if before.failed == 0:
            lost = Reduced(case, (), trials, finished=False)
            return _settled(lost, replace(run, verdict=Verdict.FLAKY), before)
        repeating.repeats = _repeats(before)
        reduced = reduce(case, (), repeating, BUDGETS.get(run.verdict, BUDGET), watch)
        after = repeating.measured(reduced.case, trials)
        final = repeating.seen if after.failed else None
        if final is None:
            return _settled(Reduced(case, (), reduced.executions, finished=False), run, before)
        if not after.is_certain:
            final = replace(final, verdict=Verdict.FLAKY)
        elif run.verdict is Verdict.SELF_DIVERGE:
            final = self._held_against_itself(reduced.case, final, manner)
        executions = reduced.executions + before.runs + after.runs
        return _settled(replace(reduced, executions=executions), final, after)

    def simplest(self, settled: Settled, between: Callable[[], None]) -> Settled:
        """Shrink on, whatever it then looks like, to the simplest failure that is in there.

        What does not come back every time, or ends the process, is left as it is: it takes long.
        """
        measured, start = settled.reproduction, settled.reduced
        if measured is None or not measured.is_certain or settled.run.verdict not in _ALIKE:
            return settled
        repeating = _Repeating(self._lane, settled.run, measured.manner)
        passes = (plainer_payloads, *PASSES)
        watch = Watch(between=between)
        plainer = reduce(start.case, (), repeating, SIMPLEST_BUDGET, watch, passes)
        met = self._lane.run_in(plainer.case, only(measured.manner))
        beside = {signature_of(each)[1:] for each in met.failures if met.verdict.is_failure}
        repeating.accept_all_but(beside)
        reduced = reduce(plainer.case, (), repeating, SIMPLEST_BUDGET, watch)
        if reduced.case == start.case:
            return settled
        after = repeating.measured(reduced.case, TRIALS)
        if repeating.seen is None or not after.is_certain:
            return settled
        executions = start.executions + plainer.executions + reduced.executions + after.runs
        return _settled(replace(reduced, executions=executions), repeating.seen, after)

    def replay(self, record: Record, *, strict: bool) -> BroughtBack:  # noqa: ARG002 - one rung
        """Run as often as it takes to meet a failure of the recorded rate, in its manner."""
        known = record.reproduction
        if known is None:
            run = self._lane.run_mixed(record.case, stream("replay", "program"), Mix(1))
        else:
            run = self._met(record, known)
            run = self._as_recorded(record, run, known.manner)
        return brought_back(record, run)

    def _met(self, record: Record, known: Reproduction) -> Run:
        """Return the run in which the recorded failure came back, else the first that fails."""
        shown: Run | None = None
        for _ in range(known.runs_to_meet()):
            run = self._lane.run_in(record.case, only(known.manner))
            same = as_recorded(record, run) if should_fail(record) else run
            if same is not None and same.verdict is not Verdict.AGREE:
                return same
            if shown is None or not shown.verdict.is_failure:
                shown = run
            if run.verdict is Verdict.UNSUPPORTED:
                break
        assert shown is not None, "one run at least"
        return shown

    def _as_recorded(self, record: Record, run: Run, manner: Manner) -> Run:
        """Return the divergence ``run`` under the name it was recorded with, if that has a claim.

        One run in one manner cannot tell that a target differs from itself, nor that it does not
        always fail.
        """
        if run.verdict is not Verdict.DIVERGE:
            return run
        match Verdict(record.verdict) if record.verdict else None:
            case Verdict.SELF_DIVERGE:
                return self._held_against_itself(record.case, run, manner)
            case Verdict.FLAKY:
                return replace(run, verdict=Verdict.FLAKY)
            case _:
                return run

    def _failing_manner(self, run: Run) -> Manner:
        """Return the manner in which ``run`` failed."""
        manner = run.blocks[-1].manner if run.blocks else None
        return manner or self._lane.plain

    def _held_against_itself(self, case: Case, final: Run, manner: Manner) -> Run:
        """Show by which other manner it differs from itself, if this case still shows it."""

        def both(_ids: tuple[str, ...]) -> Iterator[Manner]:
            yield manner
            yield Manner(workers=1)
            yield Manner(SEQUENTIAL, 1)

        run = self._lane.run_in(case, both)
        return run if run.verdict is Verdict.SELF_DIVERGE else final


class _Repeating:
    """Recognises one failure in up to ``repeats`` runs of a candidate, all in one manner.

    ``seen`` is the last run that was recognised.
    """

    def __init__(
        self,
        lane: RepeatedLane,
        wanted: Run,
        manner: Manner,
    ) -> None:
        self.repeats = 1
        self.seen: Run | None = None
        self._lane = lane
        self._verdict = wanted.verdict
        self._kind = signature_of(wanted)[1:]
        self._beside: frozenset[tuple[str, ...]] | None = None
        self._manner = manner

    def accept_all_but(self, beside: Set[tuple[str, ...]]) -> None:
        """Accept any failure of the verdict, but for those ``beside`` the wanted one."""
        self._beside = frozenset(beside - {self._kind})

    def attempt(self, case: Case, _schedule: Schedule) -> Attempt:
        """Run ``case`` until it fails the same way, ``repeats`` times at most."""
        executions = 0
        for _ in range(self.repeats):
            run = self._run(case)
            executions += run.executions
            if self.recognises(run):
                return Attempt((), executions)
        return Attempt(None, executions)

    def search(self, _case: Case) -> Attempt:
        """Find nothing: there are no schedules to search."""
        return Attempt(None, 0)

    def fewer(self, _case: Case, _schedule: Schedule, _limit: int) -> Attempt:
        """Find nothing: there are no deviations."""
        return Attempt(None, 0)

    def measured(self, case: Case, trials: int) -> Reproduction:
        """Run ``case`` so many times and count the failures."""
        failed = sum(self.recognises(self._run(case)) for _ in range(trials))
        return Reproduction(failed, trials, self._manner)

    def recognises(self, run: Run) -> bool:
        """Tell whether ``run`` holds a failure like the wanted one."""
        failures = run.failures if run.verdict.is_failure else ()
        same = next((each for each in failures if self._is_wanted(each)), None)
        if same is not None:
            self.seen = same
        return same is not None

    def _is_wanted(self, run: Run) -> bool:
        alike = run.verdict is self._verdict or {run.verdict, self._verdict} <= _ALIKE
        kind = signature_of(run)[1:]
        return alike and (kind == self._kind if self._beside is None else kind not in self._beside)

    def _run(self, case: Case) -> Run:
        return self._lane.run_in(case, only(self._manner))


def _settled(reduced: Reduced, run: Run, reproduction: Reproduction) -> Settled:
    return Settled(reduced, run, reproduction.is_certain, reproduction=reproduction)


def _repeats(measured: Reproduction) -> int:
    """Return how often a candidate is run before it is taken not to fail."""
    if measured.is_certain:
        return 1
    rate = measured.failed / measured.runs
    return min(MOST_REPEATS, ceil(log(MISSED) / log(1 - rate)))
