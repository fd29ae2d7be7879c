"""Runs cases on one target under one setting: one executor, and drivers for every block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from random import Random
from types import TracebackType
from typing import TypeAlias

from harness.case.file import Setting
from harness.case.values import Case
from harness.executors import AnyTarget, Target, find
from harness.faults import UsageError
from harness.labu.run import LabuBench
from harness.labu.target import LabuTarget
from harness.outside.executor import OutsideExecutor
from harness.outside.manner import Manner
from harness.outside.manners import Manners, many_manners, only
from harness.run import Run
from harness.schedules.breadth_first import BreadthFirst
from harness.schedules.deviations import Deviation, FollowDeviations
from harness.schedules.dpor import Exhaustive
from harness.schedules.mix import Mix
from harness.schedules.random_walk import RandomWalk
from harness.schedules.replay import follow_trace
from harness.schedules.sequential import sequential_order
from harness.session import run_case
from harness.stores import Stores
from harness.under_drivers import Driving
from ledger.schemes import SCHEMES
from ledger.storage.access import ACCESS_MODES
from parallel.drivers.protocol import Driver
from parallel.drivers.scheduled import Choose, Pending, Scheduled
from parallel.drivers.threads import Threads
from parallel.interface import Executor

DRIVERS = ("scheduled", "threads")
STEP_LIMIT = 200_000

Schedule: TypeAlias = tuple[Deviation, ...]


class Runner:
    """A target under a setting, over ``stores``; a context manager that owns its threads.

    Under the ``threads`` driver every way of running means the same: once, on real threads. So it
    is with an executor outside, whose interleavings are its own, except by ``run_mixed`` and
    ``run_in``.
    """

    def __init__(self, setting: Setting, stores: Stores, target: AnyTarget | None = None) -> None:
        if setting.driver not in DRIVERS:
            raise UsageError(f"unknown driver {setting.driver!r}: known are {', '.join(DRIVERS)}")
        if setting.access not in ACCESS_MODES:
            known = ", ".join(ACCESS_MODES)
            raise UsageError(f"unknown access mode {setting.access!r}: known are {known}")
        self.setting = setting
        self.target = target or find(setting.executor)
        self._stores = stores
        self._executors: dict[str, Executor] = {}
        self._threads = Threads(delay_seed=0)
        self._labu: LabuBench | None = None

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

    def run_mixed(self, case: Case, random: Random, mix: Mix) -> Run:
        """Run every block under the campaign's mix of schedules, or manners."""
        executor = self.outside(case.scheme)
        if executor is not None:
            manners = many_manners(executor.declared(), self.setting.workers, random)
            return self.run_in(case, manners)
        return self.run(case, lambda _ids: mix.drivers(random))

    def run_exhaustively(self, case: Case, limit: int, random: Random | None = None) -> Run:
        """Run every block under all its traces, or the first ``limit`` of them."""

        def driving(_ids: tuple[str, ...]) -> Iterator[Driver]:
            for choose in islice(Exhaustive(random).executions(), limit):
                yield Scheduled(choose, STEP_LIMIT)

        return self.run(case, driving)

    def run_breadth_first(self, case: Case, limit: int) -> Run:
        """Run every block under its ``limit`` schedules with the fewest deviations."""

        def driving(ids: tuple[str, ...]) -> Iterator[Driver]:
            for choose in BreadthFirst(ids, limit).executions():
                yield Scheduled(choose, STEP_LIMIT)

        return self.run(case, driving)

    def run_once(self, case: Case, choosing: Callable[[tuple[str, ...]], Choose]) -> Run:
        """Run every block once, under the ``choose`` that ``choosing`` gives for its ids."""

        def driving(ids: tuple[str, ...]) -> Iterator[Driver]:
            yield Scheduled(choosing(ids), STEP_LIMIT)

        return self.run(case, driving)

    def run(self, case: Case, driving: Driving) -> Run:
        """Run ``case`` under the drivers that ``driving`` gives for every block."""
        target = self.target
        if isinstance(target, LabuTarget):
            self._labu = self._labu or LabuBench(target)
            return self._labu.run(case)
        executor = self._executor(target, case.scheme)
        if isinstance(executor, OutsideExecutor):
            return self.run_in(case, only(Manner(workers=self.setting.workers)))
        if self.setting.driver == "threads":
            driving = self._threaded
        return run_case(case, executor, driving, self._stores, self.setting.access)

    def run_in(self, case: Case, manners: Manners) -> Run:
        """Run ``case`` on a program, every block in the manners given for it."""
        executor = self.outside(case.scheme)
        assert executor is not None, "only a program has manners"
        return run_case(case, executor, manners, self._stores, self.setting.access)

    def outside(self, scheme: str) -> OutsideExecutor | None:
        """Return the program under test, None if the executor is no program."""
        if isinstance(self.target, LabuTarget):
            return None
        executor = self._executor(self.target, scheme)
        return executor if isinstance(executor, OutsideExecutor) else None

    def _executor(self, target: Target, scheme: str) -> Executor:
        executor = self._executors.get(scheme)
        if executor is None:
            executor = target.build(SCHEMES[scheme], self.setting.workers)
            self._executors[scheme] = executor
        return executor

    def _threaded(self, _ids: tuple[str, ...]) -> Iterator[Driver]:
        yield self._threads

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.close()
        if self._labu is not None:
            self._labu.close()
        for executor in self._executors.values():
            if isinstance(executor, OutsideExecutor):
                executor.close()


class Observed:
    """A ``choose`` that notes what was on offer at every step, to compare two runs."""

    __slots__ = ("_choose", "offers")

    def __init__(self, choose: Choose) -> None:
        self._choose = choose
        self.offers: list[tuple[tuple[int, str], ...]] = []

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick what the wrapped ``choose`` picks."""
        self.offers.append(tuple((each.task, each.operation.label) for each in runnable))
        return self._choose(runnable)
