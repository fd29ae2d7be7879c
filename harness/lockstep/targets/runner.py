"""Runs cases on one target under one setting: one executor, and drivers for every block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from random import Random
from types import TracebackType

from lockstep.case.deviation import Deviation
from lockstep.case.file import Setting
from lockstep.case.manner import Manner
from lockstep.case.values import Case
from lockstep.faults import UsageError
from lockstep.run.drivers import Driving
from lockstep.run.result import Run
from lockstep.run.session import run_case
from lockstep.run.stores import Stores
from lockstep.schedules.breadth_first import BreadthFirst
from lockstep.schedules.deviations import FollowDeviations
from lockstep.schedules.dpor import Exhaustive
from lockstep.schedules.mix import Mix
from lockstep.schedules.random_walk import RandomWalk
from lockstep.schedules.replay import follow_trace
from lockstep.schedules.sequential import sequential_order
from lockstep.targets.labu.lane import LabuBench
from lockstep.targets.labu.target import LabuTarget
from lockstep.targets.named import AnyTarget, Target, find
from lockstep.targets.program.executor import OutsideExecutor
from lockstep.targets.program.manners import Manners, many_manners, only
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.access import ACCESS_MODES
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Choose, Pending, Scheduled
from lockstep_parallel.steps.drivers.threads import Threads

DRIVERS = ("scheduled", "threads")
STEP_LIMIT = 200_000


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
