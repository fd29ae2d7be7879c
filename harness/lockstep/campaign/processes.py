"""Work in order, here or on several processes.

Invariant: results come in the order of the tasks, whatever the number of processes, and no more
tasks are begun than a few for each process. An interrupt is the parent's to handle, also while a
process starts.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.util import Finalize
from typing import Any, Protocol, TypeVar

from lockstep.faults import HarnessFault

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

AHEAD = 3
"""Tasks begun for each process, so that none waits for the parent."""


class Worker(Protocol[T_co]):
    """What does the tasks in one process, and holds what all of them need."""

    def do(self, *task: Any) -> T_co:
        """Do one task."""
        ...

    def close(self) -> None:
        """Release what is held."""
        ...


Opening = Callable[[int], Worker[T]]
"""Makes the worker of a process from its number, counted from 0; it travels to the process."""


def in_order(
    opening: Opening[T], tasks: Iterable[tuple[Any, ...]], jobs: int, here: Worker[T]
) -> Generator[T, None, None]:
    """Yield what becomes of every task, in order; one job is done ``here``.

    Raises ``HarnessFault`` when a process ends.
    """
    if jobs == 1:
        for task in tasks:
            yield here.do(*task)
        return
    context = multiprocessing.get_context("spawn")
    pending: deque[Future[T]] = deque()
    pool = ProcessPoolExecutor(jobs, context, _open, (opening, context.Value("i", 0)))
    try:
        for task in tasks:
            with _interrupts_ignored():
                pending.append(pool.submit(_do, *task))
            if len(pending) >= AHEAD * jobs:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenExecutor as error:
        raise HarnessFault(f"a worker process ended: {error}") from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore Ctrl-C while a process may be started: it inherits that, and the parent handles it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_worker: Worker[Any] | None = None
"""The worker of this process."""


def _open(opening: Opening[Any], counter: Synchronized[int]) -> None:
    """Prepare this process."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with counter.get_lock():
        number = counter.value
        counter.value += 1
    _worker = opening(number)
    Finalize(None, _worker.close, exitpriority=1)


def _do(*task: Any) -> Any:
    assert _worker is not None, "the process was not prepared"
    return _worker.do(*task)
