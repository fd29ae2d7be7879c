"""Recognises one failure: runs a candidate and says whether it fails with the same signature.

Any of a run's failures counts, so a candidate may fail in another way before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from random import Random

from lockstep.case.deviation import Schedule
from lockstep.case.values import BlockStep, Case
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import BlockRun, Run
from lockstep.schedules.breadth_first import BreadthFirst
from lockstep.schedules.canonical import deviations_of
from lockstep.schedules.deviations import NoteDeviations
from lockstep.schedules.replay import follow_trace
from lockstep.shrink.reduce import Attempt
from lockstep.targets.steered import SteeredLane
from lockstep.verdict import Verdict
from lockstep_parallel.steps.drivers.scheduled import Choose, lowest_first

SMALL = 4
"""The most transactions of a case whose schedules with one deviation are tried first.

Of a longer one they would all be about its first transactions.
"""
SINGLES = 64
WALKS, MOST_WALKS, WALKED = 6, 24, 72
"""Random schedules of a case, fewest and most; between them so many that they execute ``WALKED``
transactions together."""


class SameFailure:
    """Accepts the runs that fail with ``wanted``, the signature of the failure being shrunk."""

    def __init__(self, lane: SteeredLane, wanted: tuple[str, ...]) -> None:
        self._lane = lane
        self._wanted = wanted
        self._workers = lane.setting.workers

    def attempt(self, case: Case, schedule: Schedule) -> Attempt:
        """Run ``case`` under ``schedule``."""
        run = self._lane.run_deviating(case, schedule)
        same = self.same_in(run)
        if same is None:
            return Attempt(None, run.executions)
        met = schedule_of(same, self._workers) if schedule else ()
        if met == schedule or len(met) > len(schedule):
            return Attempt(schedule, run.executions)
        again = self._lane.run_deviating(case, met)
        executions = run.executions + again.executions
        return Attempt(met if self.recognises(again) else schedule, executions)

    def search(self, case: Case) -> Attempt:
        """Try the schedules of ``case`` with one deviation, then random ones, a bounded number.

        Most failures of a small block need one deviation, which leaves nothing to be dropped. Where
        more are needed, as for some faults at worker level, a random schedule often has them.
        """
        if all(len(block.transactions) < 2 for block in _blocks(case)):
            return Attempt(None, 0)
        length = case.transactions()
        executions = 0
        if length <= SMALL:
            single = self._breadth_first(case, 1, SINGLES)
            if single.schedule is not None:
                return single
            executions = single.executions
        random = Random(0)
        for _ in range(min(MOST_WALKS, max(WALKS, WALKED // length))):
            run = self._lane.run_random(case, random)
            executions += run.executions
            found = self._schedule_that_fails(case, run)
            executions += found.executions
            if found.schedule is not None:
                return Attempt(found.schedule, executions)
        return Attempt(None, executions)

    def _schedule_that_fails(self, case: Case, run: Run) -> Attempt:
        """Return a schedule of ``run`` if it is the same failure and the schedule repeats it."""
        same = self.same_in(run)
        if same is None:
            return Attempt(None, 0)
        found = self.schedule_of(case, same)
        again = self._lane.run_deviating(case, found)
        return Attempt(found if self.recognises(again) else None, again.executions)

    def fewer(self, case: Case, schedule: Schedule, limit: int) -> Attempt:
        """Try the schedules with fewer deviations than ``schedule`` in one block of ``case``.

        About ``limit`` executions, the fewest deviations first.
        """
        return self._breadth_first(case, len(schedule) - 1, limit)

    def _breadth_first(self, case: Case, deepest: int, limit: int) -> Attempt:
        """Try schedules of each block with all others in order, the last block first.

        Only an executor that remembers something can fail by the schedule of an earlier block.
        """
        blocks = [tuple(each.id for each in block.transactions) for block in _blocks(case)]
        contending = [ids for ids in reversed(blocks) if len(ids) > 1]
        executions = 0
        for ids in contending:
            spent = executions
            for choose in BreadthFirst(ids, limit, deepest).executions():
                run = self._lane.run_once(case, _only_in(ids, choose))
                executions += run.executions
                if self.recognises(run):
                    return Attempt(choose.schedule, executions)
                if executions - spent >= limit // len(contending):
                    break
        return Attempt(None, executions)

    def schedule_of(self, case: Case, run: Run) -> Schedule:
        """Return a schedule under which ``case`` fails as it did in ``run``.

        The canonical one of the last block; where that does not bring the failure back, because the
        executor remembers something of an earlier block, that of all blocks; and where that does
        not, because a guard opened on something that no step names, every step that was not the
        default one.
        """
        for blocks in (run.blocks[-1:], run.blocks):
            canonical = _deviations_in(blocks, self._workers)
            if self.attempt(case, canonical).schedule is not None:
                return canonical
        notes: list[NoteDeviations] = []

        def choosing(ids: tuple[str, ...]) -> Choose:
            notes.append(NoteDeviations(follow_trace(run.trace(), ids), ids))
            return notes[-1]

        self._lane.run_once(case, choosing)
        return tuple(deviation for each in notes for deviation in each.met)

    def recognises(self, run: Run) -> bool:
        """Tell whether ``run`` holds the same failure."""
        return self.same_in(run) is not None

    def same_in(self, run: Run) -> Run | None:
        """Return ``run`` as it would have ended with the same failure, None if that is not met."""
        if not run.verdict.is_failure:
            return None
        return next((each for each in run.failures if signature_of(each) == self._wanted), None)


class AnyFailure(SameFailure):
    """Accepts whatever fails, but for what has one of the signatures ``beside`` the wanted one.

    Those are of other blocks. What fails in one block is no consequence of what failed in another,
    for the chain goes on from the executor's own state. What does not come back is left out, too:
    that is slow.
    """

    def __init__(self, lane: SteeredLane, beside: Collection[tuple[str, ...]]) -> None:
        super().__init__(lane, ())
        self._beside = beside

    def same_in(self, run: Run) -> Run | None:
        """Return the first failure in ``run`` that is accepted."""
        if not run.verdict.is_failure:
            return None
        return next((each for each in run.failures if self._accepts(each)), None)

    def _accepts(self, run: Run) -> bool:
        return run.verdict is not Verdict.HANG and signature_of(run) not in self._beside


def _blocks(case: Case) -> list[BlockStep]:
    return [step for step in case.steps if isinstance(step, BlockStep)]


def _only_in(block: Sequence[str], choose: Choose) -> Callable[[tuple[str, ...]], Choose]:
    """Return what gives ``choose`` to the block of these transactions, the default to others."""
    return lambda ids: choose if ids == block else lowest_first


def schedule_of(run: Run, workers: int) -> Schedule:
    """Return the schedule of a run that failed with so many workers: that of its last block.

    The blocks before it agreed, so they need none, unless the executor remembers something.
    """
    return _deviations_in(run.blocks[-1:], workers)


def _deviations_in(blocks: Sequence[BlockRun], workers: int) -> Schedule:
    return tuple(
        deviation
        for block in blocks
        for deviation in deviations_of(block.trace, block.ids, workers)
    )
