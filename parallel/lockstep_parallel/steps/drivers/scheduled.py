"""One thread that takes one announced step at a time, in the order a ``choose`` callable decides.

Invariant: a run is a function of the tasks and of what ``choose`` answered, and ``trace`` holds
every answer, so replaying the trace repeats the run exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from lockstep_parallel.steps.drivers.protocol import Crash, Hang, Task
from lockstep_parallel.steps.ops import Operation
from lockstep_parallel.steps.watch import NOTHING, WATCH

T = TypeVar("T")


class Pending(NamedTuple):
    """A task that may take its announced step now.

    ``round`` counts the driver's runs: steps of different rounds never compete, since a run ends
    before the next begins.
    """

    task: int
    operation: Operation
    round: int


Choose: TypeAlias = Callable[[Sequence[Pending]], int]
"""Picks the position of the next step among the runnable ones, which stand in task order."""


def lowest_first(_runnable: Sequence[Pending]) -> int:
    """Choose the lowest task that can run: the sequential order of the block."""
    return 0


class Scheduled:
    """The deterministic driver. ``trace`` lists every step taken so far."""

    def __init__(self, choose: Choose = lowest_first, step_limit: int = 1_000_000) -> None:
        self.choose = choose
        self.step_limit = step_limit
        self.trace: list[Pending] = []
        self.rounds = 0

    def run(self, tasks: Sequence[Task[T]], workers: int) -> list[T | Crash]:
        """Run ``tasks`` to the end under the chosen schedule."""
        execution = _Execution(tasks, workers, self.rounds)
        self.rounds += 1
        try:
            execution.begin()
            while runnable := execution.runnable():
                if len(self.trace) >= self.step_limit:
                    raise Hang(f"not finished after {self.step_limit} steps")
                chosen = runnable[self.choose(runnable)]
                self.trace.append(chosen)
                execution.step(chosen)
        finally:
            WATCH.operation = None
            execution.close()
        return execution.results()


def _is_open(operation: Operation) -> bool:
    if operation.guard is None:
        return True
    WATCH.operation = operation
    return operation.guard()


class _Execution(Generic[T]):
    """The tasks of one run: which announced what, which are done, with which result."""

    def __init__(self, tasks: Sequence[Task[T]], workers: int, number: int) -> None:
        self._round = number
        self._tasks = {task.index: task for task in tasks}
        self._workers = workers
        self._begun: set[int] = set()
        self._announced: dict[int, Pending] = {}
        self._results: dict[int, T | Crash] = {}
        self._guarded = False

    def begin(self) -> None:
        """Let every task go up to its first announcement, touching nothing shared."""
        for index in sorted(self._tasks):
            self._advance(index, NOTHING)

    def runnable(self) -> list[Pending]:
        """Return what may run next in task order; empty when all tasks are done."""
        found = list(self._announced.values())
        if self._workers <= len(self._begun) < len(found):
            found = [pending for pending in found if pending.task in self._begun]
        if self._guarded:
            found = [pending for pending in found if _is_open(pending.operation)]
        if not found and self._announced:
            waiting = ", ".join(
                f"{index}@{pending.operation.label}" for index, pending in self._announced.items()
            )
            raise Hang(f"no task can run; waiting: {waiting}")
        return found

    def step(self, pending: Pending) -> None:
        """Let the task take its announced step and go on to its next announcement."""
        self._begun.add(pending.task)
        self._advance(pending.task, pending.operation)

    def close(self) -> None:
        """End the bodies that did not finish."""
        for task in self._tasks.values():
            task.body.close()

    def results(self) -> list[T | Crash]:
        """Return the results in the order the tasks were given."""
        return [self._results[index] for index in self._tasks]

    def _advance(self, index: int, announced: Operation) -> None:
        WATCH.operation = announced
        try:
            operation = self._tasks[index].body.send(None)
        except StopIteration as stop:
            self._finish(index, stop.value)
        except Exception as error:
            self._finish(index, Crash.of(index, error))
        else:
            self._announced[index] = Pending(index, operation, self._round)
            self._guarded |= operation.guard is not None

    def _finish(self, index: int, result: T | Crash) -> None:
        self._results[index] = result
        self._begun.discard(index)
        self._announced.pop(index, None)
