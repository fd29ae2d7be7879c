"""The catalogue's races with every touch unannounced, named as this module's classes.

A variant is the executor of a row, ``X12a_dag`` for ``X12a-dag``: its steps are where they were and
do what they did, but none names a location, and nothing notices. A twin's variant,
``X12a_dag_twin``, is the same of the correct executor that the row is derived from.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from lockstep.targets.named import find_inside
from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.storage.protocol import Reader
from lockstep_mutants.catalogue import ROWS, Row
from lockstep_parallel.executors.block_executor import BlockExecutor
from lockstep_parallel.steps.drivers.protocol import Crash, Driver, Task
from lockstep_parallel.steps.ops import Key, Operation

T = TypeVar("T")
TWIN = "_twin"


def variant_name(row: Row) -> str:
    return row.id.replace("-", "_")


def __getattr__(name: str) -> type[BlockExecutor]:
    """Make the variant of a row when it is asked for."""
    rows = {variant_name(row): row for row in ROWS}
    row = rows.get(name.removesuffix(TWIN))
    if row is None:
        raise AttributeError(name)
    faulty: Any = find_inside(row.executor).factory
    return unannounced(_twin_of(faulty) if name.endswith(TWIN) else faulty)


def _twin_of(faulty: type[BlockExecutor]) -> type[BlockExecutor]:
    return next(each for each in faulty.__mro__ if each.__module__.startswith("lockstep_parallel."))


def unannounced(executor: type[BlockExecutor]) -> type[BlockExecutor]:
    """Return ``executor`` with steps that do not name what they touch of the state."""

    class Variant(executor):  # type: ignore[misc, valid-type]
        def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
            outcome: Outcome = super().execute(block, storage, _Silencing(driver))
            return outcome

    return Variant


class _Silencing:
    """Hands tasks on to ``driver`` with their announcements cut."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def run(self, tasks: Sequence[Task[T]], workers: int) -> list[T | Crash]:
        silent = [replace(task, body=_Silent(task.body)) for task in tasks]
        return self._driver.run(silent, workers)


class _Silent(Coroutine[Any, None, T]):
    """A task's body that announces that it goes on, and not what it touches."""

    def __init__(self, body: Coroutine[Any, None, T]) -> None:
        self._body = body

    def send(self, value: None) -> Operation:
        operation: Operation = self._body.send(value)
        return operation._replace(keys=_Unseen())

    def throw(self, *error: Any) -> Any:
        return self._body.throw(*error)

    def close(self) -> None:
        self._body.close()

    def __await__(self) -> Any:
        return self._body.__await__()


class _Unseen(tuple[Key, ...]):
    """No keys at all; whoever checks an access by them finds it covered."""

    __slots__ = ()

    def __contains__(self, _key: object) -> bool:
        return True
