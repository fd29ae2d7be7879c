"""What is done on processes: workers that do tasks, and whoever watches them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Protocol, TypeAlias, TypeVar

from lockstep.faults import HarnessFault

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Task: TypeAlias = tuple[Any, ...]


class Worker(Protocol[T_co]):
    """What does the tasks in one process, and holds what all of them need."""

    def do(self, *task: Any) -> Generator[Any, None, T_co]:
        """Do one task: yield notes, which are for the parent to see at once; return the result."""
        ...

    def close(self) -> None:
        """Release what is held."""
        ...


Opening: TypeAlias = Callable[[int], Worker[T]]
"""Makes the worker of a process from its number, counted from 0; it travels to the process."""


class Supervisor(Protocol):
    """What the parent does about notes, and about a process that died: the work goes on meanwhile.

    ``note`` and ``died`` are not disturbed, so they are quick; what takes time is for ``attend``.
    """

    def note(self, note: Any) -> None:
        """See what a worker said while it was at a task."""
        ...

    def attend(self) -> None:
        """Do what notes have led to; called after every one of them."""
        ...

    def died(self, task: Task, how: str) -> Task:
        """Return what is to be done instead of a ``task`` at which a process died."""
        ...


def result_of(
    doing: Generator[Any, None, T], note: Callable[[Any], None] = lambda _note: None
) -> T:
    """Go through a task and return its result; every note goes to ``note``."""
    while True:
        try:
            said = next(doing)
        except StopIteration as ended:
            result: T = ended.value
            return result
        note(said)


class Unwatched:
    """A supervisor of work without notes, which no process may die of; ``words`` name a task."""

    def __init__(self, words: Callable[..., str]) -> None:
        self._words = words

    def note(self, note: object) -> None:
        """Ignore it."""

    def attend(self) -> None:
        """Do nothing."""

    def died(self, task: Task, how: str) -> Task:
        """Raise ``HarnessFault``."""
        raise HarnessFault(f"a worker process ended at {self._words(*task)}: {how}")
