"""Executors in this process: built from a class, asked for outcomes, driven step by step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import ClassVar

from blake3 import blake3

from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.faults import UsageError
from lockstep.foreign.text import named_error
from lockstep.run.ask import Asked, ask
from lockstep.run.drivers import Ways
from lockstep.run.result import Run, StepFailure
from lockstep.run.session import run_case
from lockstep.run.stores import Stores
from lockstep.run.watchdog import Late, executing
from lockstep.schedules.interruptions import interrupted
from lockstep.schedules.mix import Mix
from lockstep.targets.exchanged import NONE_EXCHANGED, Exchanged
from lockstep.targets.preempted import Preempting
from lockstep.targets.steered import STEP_LIMIT, SteeredLane
from lockstep.targets.target import DRIVERS, Target
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Scheduled, lowest_first
from lockstep_parallel.steps.drivers.threads import Threads


class InsideTarget(Target):
    """An executor that ``factory`` builds, as ``factory(scheme, workers=n)``."""

    drivers: ClassVar[tuple[str, ...]] = DRIVERS
    has_sequential_mode: ClassVar[bool] = True

    def __init__(self, name: str, factory: Callable[..., Executor]) -> None:
        super().__init__(name)
        self.factory = factory

    def build(self, scheme: Scheme, workers: int, retries: int | None = None) -> Executor:
        """Build the executor. Raises ``UsageError`` if its class refuses.

        The limit of ``retries``, if there is one, is told to a class that can be told.
        """
        more = {} if retries is None or not self._takes_retries() else {"retries": retries}
        try:
            executor = self.factory(scheme, workers=workers, **more)
        except (Exception, SystemExit) as error:
            raise UsageError(
                f"executor {self.name} cannot be built: {named_error(error)}"
            ) from error
        for method in ("execute", "merge"):
            if not callable(getattr(executor, method, None)):
                raise UsageError(f"executor {self.name} has no method {method}")
        return executor

    def _takes_retries(self) -> bool:
        try:
            return "retries" in inspect.signature(self.factory).parameters
        except (TypeError, ValueError):
            return False

    def build_of_source(self) -> str:
        """Return a hash of the source file that defines the executor, empty if there is none."""
        try:
            file = inspect.getsourcefile(self.factory)
            return "" if file is None else blake3(Path(file).read_bytes()).hexdigest(length=6)
        except (OSError, TypeError):
            return ""

    def open(self, setting: Setting, stores: Stores) -> InsideLane:
        """Return a lane that builds the executor once for every scheme and limit it meets."""
        return InsideLane(self, setting, stores)


class InsideLane(SteeredLane):
    """An executor of this process under a setting; owns the threads it is driven on."""

    takes_standards: ClassVar[bool] = True

    def __init__(self, target: InsideTarget, setting: Setting, stores: Stores) -> None:
        super().__init__(setting)
        if setting.preempt and setting.driver != "scheduled":
            raise UsageError("tasks are preempted at lines under the scheduled driver alone")
        self._target = target
        self._stores = stores
        self._built: dict[tuple[str, int | None], Driven] = {}
        self._threads = Threads(delay_seed=0)

    def run(self, case: Case, ways: Ways[Driver]) -> Run:
        """Run ``case`` under the drivers given, or on real threads where the setting says so."""
        if self.setting.driver == "threads":
            ways = self._threaded
        driven = self._driven(case.scheme, case.retries)
        run = run_case(case, driven, ways, self._stores, self.setting.access, self.standard)
        if driven.was_late:
            self._start_anew()
        return run

    def run_mixed(self, case: Case, random: Random, mix: Mix) -> Run:
        """Run every block under the campaign's mix, or interrupted at a few lines."""
        if not self.setting.preempt:
            return super().run_mixed(case, random, mix)
        return self.run(case, lambda _ids: interrupted(random, STEP_LIMIT))

    def run_exchanged(self, case: Case, run: Run, number: int | None = None) -> Exchanged:
        """Exchange independent steps; of lines nobody knows which those are."""
        return NONE_EXCHANGED if self.setting.preempt else super().run_exchanged(case, run, number)

    def execute(
        self, block: Block, before: State, scheme: str
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Execute one block in the sequential order, or on real threads."""
        threaded = self.setting.driver == "threads"
        driver = self._threads if threaded else Scheduled(lowest_first, STEP_LIMIT)
        with self._stores.holding(before) as storage:
            return ask(self._driven(scheme), block, before, storage, driver)

    def execute_in_order(
        self, block: Block, before: State, scheme: str
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Execute one block in the sequential order; a lane with one worker is all of that mode."""
        driven = self._driven(scheme)
        driver = Scheduled(lowest_first, STEP_LIMIT)
        with self._stores.holding(before) as storage:
            answer = ask(driven, block, before, storage, driver)
        if driven.was_late:
            self._start_anew()
        return answer

    def on_a_chain(
        self,
        scheme: str,
        workers: int,  # noqa: ARG002 - an executor is built with as many as its setting says
        step_limit: int,
    ) -> tuple[Asked[Driver], Driver]:
        """Return the executor, and real threads or the sequential order."""
        if self._driven(scheme).was_late:
            self._start_anew()
        threaded = self.setting.driver == "threads"
        return self._driven(scheme), (
            self._threads if threaded else Scheduled(lowest_first, step_limit)
        )

    def identity(self) -> dict[str, str]:
        """Add the build of the executor: a hash of the file that defines it."""
        build = self._target.build_of_source()
        return super().identity() | ({"build": build} if build else {})

    def close(self) -> None:
        """End the threads."""
        self._threads.close()
        self.standard.oracle.close()

    def _driven(self, scheme: str, retries: int | None = None) -> Driven:
        driven = self._built.get((scheme, retries))
        if driven is None:
            executor = self._target.build(SCHEMES[scheme], self.setting.workers, retries)
            preempting = bool(self.setting.preempt)
            driven = Driven(executor, self.setting.deadline, preempting=preempting)
            self._built[scheme, retries] = driven
        return driven

    def renew(self) -> None:
        """Build the executors again when they are asked next."""
        self._built.clear()

    def _start_anew(self) -> None:
        """Give up the executors, and the threads that may still be inside of one."""
        self._built.clear()
        self._threads.abandon()
        self._threads = Threads(delay_seed=0)

    def _threaded(self, _ids: tuple[str, ...]) -> Iterator[Driver]:
        yield self._threads


DEADLINE = Setting().deadline


class Driven:
    """The executor in the form a session asks: it reads the state from the storage it is given.

    ``was_late`` tells whether it ever missed its ``deadline``, in seconds. While ``preempting`` is
    on, every line is a step of the drivers it is given.
    """

    reads_storage = True

    def __init__(
        self, executor: Executor, deadline: float = DEADLINE, *, preempting: bool = False
    ) -> None:
        self._executor = executor
        self._deadline = deadline
        self._preempting = preempting
        self.was_late = False

    def plain(self) -> Driver:
        """Return the driver of the sequential order."""
        return Scheduled()

    def execute(self, block: Block, _before: State, reader: Reader, way: Driver) -> Outcome:
        """Execute ``block`` on what ``reader`` reads."""
        with self._limited():
            driver = Preempting(way) if self._preempting else way
            return self._executor.execute(block, reader, driver)

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write the changes of a block."""
        with self._limited():
            self._executor.merge(changes, storage, topoheight)

    @contextmanager
    def _limited(self) -> Iterator[None]:
        try:
            with executing(self._deadline):
                yield
        except Late:
            self.was_late = True
            raise
