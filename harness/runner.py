"""Runs cases on one target under one setting: one executor, a driver for every block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from types import TracebackType

from harness.case.file import Setting
from harness.case.values import Case
from harness.executors import Target, find
from harness.faults import UsageError
from harness.run import Run, run_case
from harness.schedules.random_walk import RandomWalk
from harness.schedules.replay import Replay
from harness.stores import Stores
from ledger.schemes import SCHEMES
from parallel.drivers.protocol import Driver
from parallel.drivers.scheduled import Scheduled, lowest_first
from parallel.drivers.threads import Threads
from parallel.interface import Executor

DRIVERS = ("scheduled", "threads")
STEP_LIMIT = 200_000


class Runner:
    """A target under a setting, over ``stores``; a context manager that owns its threads."""

    def __init__(self, setting: Setting, stores: Stores, target: Target | None = None) -> None:
        if setting.driver not in DRIVERS:
            raise UsageError(f"unknown driver {setting.driver!r}: known are {', '.join(DRIVERS)}")
        self.setting = setting
        self.target = target or find(setting.executor)
        self._stores = stores
        self._executors: dict[str, Executor] = {}
        self._threads = Threads(delay_seed=0)

    def run_sequential(self, case: Case) -> Run:
        """Run with the lowest transaction first, always."""
        return self._run(case, lambda _ids: Scheduled(lowest_first, STEP_LIMIT))

    def run_random(self, case: Case, random: Random) -> Run:
        """Run under a random walk."""
        walk = RandomWalk(random)
        return self._run(case, lambda _ids: Scheduled(walk, STEP_LIMIT))

    def run_recorded(self, case: Case, schedule: Sequence[tuple[str, str]]) -> Run:
        """Run under a recorded schedule, (transaction id, label) each."""

        def driver_for(ids: tuple[str, ...]) -> Driver:
            tasks = {key: index for index, key in enumerate(ids)}
            steps = [(tasks[key], label) for key, label in schedule if key in tasks]
            return Scheduled(Replay(steps), STEP_LIMIT)

        return self._run(case, driver_for)

    def _run(self, case: Case, scheduled: Callable[[tuple[str, ...]], Driver]) -> Run:
        executor = self._executors.get(case.scheme)
        if executor is None:
            executor = self.target.build(SCHEMES[case.scheme], self.setting.workers)
            self._executors[case.scheme] = executor
        if self.setting.driver == "threads":
            return run_case(case, executor, lambda _ids: self._threads, self._stores)
        return run_case(case, executor, scheduled, self._stores)

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.close()
