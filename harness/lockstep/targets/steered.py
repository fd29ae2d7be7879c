"""Lanes whose interleavings are chosen here: a failure is brought back by its schedule."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from random import Random

from lockstep.case.deviation import Deviation
from lockstep.case.values import Case
from lockstep.run.drivers import Ways
from lockstep.run.result import Run, StepFailure
from lockstep.schedules.breadth_first import BreadthFirst
from lockstep.schedules.deviations import FollowDeviations
from lockstep.schedules.dpor import Exhaustive
from lockstep.schedules.mix import Mix
from lockstep.schedules.random_walk import RandomWalk
from lockstep.schedules.replay import follow_trace
from lockstep.schedules.sequential import sequential_order
from lockstep.targets.exchanged import Exchanged, run_exchanged
from lockstep.targets.target import Lane
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Choose, Scheduled

STEP_LIMIT = 200_000
"""Steps of one block after which it is taken to go on for ever."""


class SteeredLane(Lane):
    """Runs cases under drivers, which pick every step.

    Under real threads every way of running means the same: once, on real threads.
    """

    @abstractmethod
    def run(self, case: Case, ways: Ways[Driver]) -> Run:
        """Run ``case`` under the drivers that ``ways`` gives for every block."""

    def run_plain(self, case: Case) -> Run:
        """Run in the sequential order."""
        return self.run_sequential(case)

    def run_mixed(self, case: Case, random: Random, mix: Mix) -> Run:
        """Run every block under the campaign's mix of schedules."""
        return self.run(case, lambda ids: mix.drivers(random, ids))

    def run_sequential(self, case: Case) -> Run:
        """Run with the lowest transaction first, always."""
        return self.run_once(case, lambda _ids: sequential_order)

    def run_random(self, case: Case, random: Random) -> Run:
        """Run under a random walk."""
        walk = RandomWalk(random)
        return self.run_once(case, lambda _ids: walk)

    def run_deviating(self, case: Case, schedule: Sequence[Deviation]) -> Run:
        """Run under the deviations of ``schedule``; those that are not met change nothing."""
        return self.run_once(case, lambda ids: FollowDeviations(schedule, ids))

    def run_trace(self, case: Case, trace: Sequence[tuple[str, str]]) -> Run:
        """Run under a recorded trace, (transaction id, label) each."""
        return self.run_once(case, lambda ids: follow_trace(trace, ids))

    def run_exchanged(self, case: Case, run: Run, number: int | None = None) -> Exchanged:
        """Run ``case``, which agreed in ``run``, with independent steps exchanged.

        In every order there is for that or, to spread them over many cases, in the few of this
        ``number``.
        """
        setting = self.setting
        return run_exchanged(self.run_once, case, run, setting.workers, number, setting.judging)

    def run_exhaustively(self, case: Case, limit: int, random: Random | None = None) -> Run:
        """Run every block under all its traces, or the first ``limit`` of them."""

        def ways(_ids: tuple[str, ...]) -> Iterator[Driver]:
            for choose in islice(Exhaustive(random).executions(), limit):
                yield Scheduled(choose, STEP_LIMIT)

        return self.run(case, ways)

    def run_breadth_first(self, case: Case, limit: int) -> Run:
        """Run every block under its ``limit`` schedules with the fewest deviations."""

        def ways(ids: tuple[str, ...]) -> Iterator[Driver]:
            for choose in BreadthFirst(ids, limit).executions():
                yield Scheduled(choose, STEP_LIMIT)

        return self.run(case, ways)

    def run_once(self, case: Case, choosing: Callable[[tuple[str, ...]], Choose]) -> Run:
        """Run every block once, under the ``choose`` that ``choosing`` gives for its ids."""

        def ways(ids: tuple[str, ...]) -> Iterator[Driver]:
            yield Scheduled(choosing(ids), STEP_LIMIT)

        return self.run(case, ways)


class OverLane(SteeredLane):
    """A lane over another, which stays open: what it does not do its own way, that one does."""

    def __init__(self, lane: SteeredLane) -> None:
        super().__init__(lane.setting)
        self._lane = lane

    def renew(self) -> None:
        """Forget whatever earlier cases left in the executor."""
        self._lane.renew()

    def execute(
        self, block: Block, before: State, scheme: str
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Execute one block as the lane below does."""
        return self._lane.execute(block, before, scheme)

    def identity(self) -> dict[str, str]:
        """Say what the lane below says."""
        return self._lane.identity()

    def close(self) -> None:
        """Leave the lane below to its owner."""


class FreshLane(OverLane):
    """Runs every case on an executor that has run no other, or none but the ``earlier`` ones."""

    def __init__(self, lane: SteeredLane, earlier: Sequence[Case] = ()) -> None:
        super().__init__(lane)
        self._earlier = earlier

    def run(self, case: Case, ways: Ways[Driver]) -> Run:
        """Run ``case`` on a new executor, after the earlier ones in the sequential order."""
        self._lane.renew()
        for each in self._earlier:
            self._lane.run_plain(each)
        return self._lane.run(case, ways)

    def execute(
        self, block: Block, before: State, scheme: str
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Execute one block on a new executor."""
        self._lane.renew()
        return self._lane.execute(block, before, scheme)
