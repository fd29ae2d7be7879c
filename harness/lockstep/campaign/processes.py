"""Work in order, here or on several processes.

Invariant: results come in the order of the tasks, whatever the number of processes; notes come at
once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, Self

from lockstep.campaign.pool import Pool
from lockstep.campaign.work import Opening, Supervisor, T, Task, Worker, result_of
from lockstep.undisturbed import undisturbed


class Work(Generic[T]):
    """Tasks to be done here or on ``jobs`` processes; a context manager that leaves none of them.

    One job is done by ``here``, if that is given.
    """

    def __init__(
        self, opening: Opening[T], jobs: int, here: Worker[T] | None, supervisor: Supervisor
    ) -> None:
        self._here = here if jobs == 1 else None
        self._supervisor = supervisor
        self._pool: Pool[T] | None = None
        if self._here is None:
            self._pool = Pool(opening, jobs, supervisor)

    def results(self, tasks: Iterable[Task]) -> Iterator[T]:
        """Yield what becomes of every task, in order.

        Raises ``HarnessFault`` and ``UsageError`` as workers do, and ``HarnessFault`` when
        processes die before they have done anything.
        """
        if self._pool is not None:
            yield from self._pool.results(iter(tasks))
            return
        assert self._here is not None, "there is a pool or somebody here"
        for task in tasks:
            yield result_of(self._here.do(*task), self._noted)

    def listen(self) -> None:
        """Take what processes have said meanwhile, without waiting."""
        if self._pool is not None:
            self._pool.listen(0)

    def _noted(self, note: Any) -> None:
        with undisturbed():
            self._supervisor.note(note)
        self._supervisor.attend()

    def __enter__(self) -> Self:
        if self._pool is not None:
            self._pool.open()
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.close()
