"""Real threads: each takes a task and drives it to the end. For speed, and as a validity lane.

Invariant: a step whose guard does not hold waits; every step that another thread takes lets the
waiting ones look again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from random import Random
from threading import Condition
from types import TracebackType
from typing import TypeVar

from lockstep_parallel.steps.drivers.protocol import Crash, Hang, Task

T = TypeVar("T")

LONGEST_DELAY = 50e-6
DELAYED_SHARE = 0.25


class Threads:
    """The threaded driver; a context manager that owns its threads.

    The calling thread is one of the workers. ``delay_seed`` injects short random delays before
    steps, which widens the interleavings that real threads meet; ``patience`` is how long a guard
    may stay closed before the run is a hang, in seconds.
    """

    def __init__(self, delay_seed: int | None = None, patience: float = 30.0) -> None:
        self._delay_seed = delay_seed
        self._patience = patience
        self._pool: ThreadPoolExecutor | None = None
        self._size = 0
        self._changed = Condition()
        self._waiting = 0
        self._given_up = False

    def run(self, tasks: Sequence[Task[T]], workers: int) -> list[T | Crash]:
        """Run ``tasks`` on ``workers`` threads, in this thread alone if one is enough."""
        results: dict[int, T | Crash] = {}
        try:
            self._work_together(deque(tasks), results, min(workers, len(tasks)) - 1)
        except BaseException:
            _close(tasks)
            raise
        return [results[task.index] for task in tasks]

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def abandon(self) -> None:
        """Wait for no thread: one of them may never end."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
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

    def _threads(self, count: int) -> ThreadPoolExecutor:
        if self._pool is None or self._size < count:
            self.close()
            self._pool = ThreadPoolExecutor(count, thread_name_prefix="lockstep")
            self._size = count
        return self._pool

    def _work_together(
        self, queue: deque[Task[T]], results: dict[int, T | Crash], others: int
    ) -> None:
        if others < 1:
            self._work(queue, results)
            return
        self._given_up = False
        started = [self._threads(others).submit(self._work, queue, results) for _ in range(others)]
        try:
            self._work(queue, results)
        except BaseException:
            self._give_up()
            raise
        finally:
            wait(started)
        for each in started:
            each.result()

    def _work(self, queue: deque[Task[T]], results: dict[int, T | Crash]) -> None:
        """Take tasks from ``queue`` until it is empty; after a hang nobody takes another."""
        while True:
            try:
                task = queue.popleft()
            except IndexError:
                return
            try:
                ended = self._drive(task)
                results[task.index] = ended
            except BaseException:
                queue.clear()
                raise

    def _drive(self, task: Task[T]) -> T | Crash:
        delays = None if self._delay_seed is None else Random(f"{self._delay_seed}/{task.index}")
        body = task.body
        go_on = body.send
        try:
            while True:
                operation = go_on(None)
                if self._waiting:
                    self._after_step()
                if delays is not None and delays.random() < DELAYED_SHARE:
                    time.sleep(delays.uniform(0, LONGEST_DELAY))
                if operation.guard is not None:
                    self._wait_for(operation.guard, operation.label)
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

    def _after_step(self) -> None:
        if self._waiting:
            with self._changed:
                self._changed.notify_all()

    def _give_up(self) -> None:
        """Let nobody wait for a task that is not driven any more."""
        with self._changed:
            self._given_up = True
            self._changed.notify_all()

    def _wait_for(self, guard: Callable[[], bool], label: str) -> None:
        with self._changed:
            self._waiting += 1
            try:
                opened = self._changed.wait_for(
                    lambda: self._given_up or guard(), timeout=self._patience
                )
                if not opened:
                    raise Hang(f"waited {self._patience} s for {label}")
                if self._given_up:
                    raise Hang(f"what opens {label} is given up")
            finally:
                self._waiting -= 1


def _close(tasks: Sequence[Task[T]]) -> None:
    """End the bodies that did not finish; one that a thread is inside of runs to its next step."""
    for task in tasks:
        with suppress(ValueError):
            task.body.close()
