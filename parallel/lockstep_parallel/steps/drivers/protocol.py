"""What an executor asks of a driver: run these tasks, at most so many at a time, to the end.

Invariant: the results stand in the order of the tasks, one each, whatever order they ran in.
"""

from __future__ import annotations

import traceback
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")

WORKERS_FROM = 1 << 20
"""Task indices from here on stand for the executor's own workers, not for transactions."""


@dataclass(frozen=True, slots=True)
class Task(Generic[T]):
    """A transaction's work.

    ``index`` is its position in the block, ``body`` a coroutine that announces an ``Operation``
    before each touch of shared state.
    """

    index: int
    body: Coroutine[Any, None, T]


@dataclass(frozen=True, slots=True)
class Crash:
    """A task's result when its body raised."""

    index: int
    error: str

    @classmethod
    def of(cls, index: int, error: Exception) -> Crash:
        """Describe ``error`` by its type, text and the line that raised it."""
        frames = traceback.extract_tb(error.__traceback__)
        where = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
        return cls(index, f"{type(error).__name__}: {error}{where}")


class Hang(Exception):
    """The tasks cannot all finish: each waits for another, or the bound on steps was reached."""


class Driver(Protocol):
    """Runs tasks; an exception inside one is its result (a ``Crash``) and stops no other."""

    def run(self, tasks: Sequence[Task[T]], workers: int) -> list[T | Crash]:
        """Run ``tasks``, at most ``workers`` of them begun and unfinished at any moment.

        Raises ``Hang`` when they cannot all finish.
        """
        ...
