"""Real threads: each takes a task and drives it to the end. For speed, and as a validity lane.

Invariant: a step whose guard does not hold waits; every step that another thread takes lets the
waiting ones look again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Condition
from types import TracebackType
from typing import TypeVar

from parallel.drivers.protocol import Crash, Hang, Task
from parallel.ops import Operation

T = TypeVar("T")

LONGEST_DELAY = 50e-6
DELAYED_SHARE = 0.25


class Threads:
    """The threaded driver; a context manager that owns its threads.

    ``delay_seed`` injects short random delays before steps, which widens the interleavings that
    real threads meet; ``patience`` is how long a guard may stay closed before the run is a hang,
    in seconds.
    """

    def __init__(self, delay_seed: int | None = None, patience: float = 30.0) -> None:
        self._delay_seed = delay_seed
        self._patience = patience
        self._pool: ThreadPoolExecutor | None = None
        self._size = 0
        self._changed = Condition()
        self._waiting = 0

    def run(self, tasks: Sequence[Task[T]], workers: int) -> list[T | Crash]:
        """Run ``tasks`` on ``workers`` threads, in this thread if one is enough."""
        try:
            alone = workers == 1 or len(tasks) <= 1
            apply = map if alone else self._threads(workers).map
            results: list[T | Crash] = list(apply(self._drive, tasks))
        except BaseException:
            _close(tasks)
            raise
        return results

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def __enter__(self) -> Threads:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _threads(self, workers: int) -> ThreadPoolExecutor:
        if self._pool is None or self._size != workers:
            self.close()
            self._pool = ThreadPoolExecutor(workers, thread_name_prefix="lockstep")
            self._size = workers
        return self._pool

    def _drive(self, task: Task[T]) -> T | Crash:
        delays = None if self._delay_seed is None else Random(f"{self._delay_seed}/{task.index}")
        body = task.body
        try:
            while True:
                self._before_step(body.send(None), delays)
        except StopIteration as stop:
            result: T = stop.value
            return result
        except Hang:
            raise
        except Exception as error:
            return Crash.of(task.index, error)
        finally:
            body.close()
            self._after_step()

    def _before_step(self, operation: Operation, delays: Random | None) -> None:
        self._after_step()
        if delays is not None and delays.random() < DELAYED_SHARE:
            time.sleep(delays.uniform(0, LONGEST_DELAY))
        if operation.guard is not None:
            self._wait_for(operation.guard, operation.label)

    def _after_step(self) -> None:
        if self._waiting:
            with self._changed:
                self._changed.notify_all()

    def _wait_for(self, guard: Callable[[], bool], label: str) -> None:
        with self._changed:
            self._waiting += 1
            try:
                if not self._changed.wait_for(guard, timeout=self._patience):
                    raise Hang(f"waited {self._patience} s for {label}")
            finally:
                self._waiting -= 1


def _close(tasks: Sequence[Task[T]]) -> None:
    """End the bodies that did not finish; one that a thread is inside of runs to its next step."""
    for task in tasks:
        with suppress(ValueError):
            task.body.close()
