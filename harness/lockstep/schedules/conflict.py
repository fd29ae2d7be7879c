"""When two steps depend on each other, and which locations a run fights over.

Invariant: independent steps can be exchanged without any effect, because each touches only the keys
it announced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from lockstep_parallel.steps.drivers.scheduled import Pending
from lockstep_parallel.steps.ops import Key, Kind, Operation

Location: TypeAlias = tuple[int, Key]
"""A key in a round: steps of different rounds never compete."""


def dependent(left: Operation, right: Operation) -> bool:
    """Tell whether the order of two operations of different tasks can matter."""
    if left.kind is right.kind and left.kind is not Kind.WRITE:
        return False
    return any(key in right.keys for key in left.keys)


def contested(trace: Iterable[Pending]) -> frozenset[Location]:
    """Return the locations that two tasks touch in one round, at least one of them writing."""
    touched: dict[Location, tuple[set[int], set[Kind]]] = {}
    for step in trace:
        for key in step.operation.keys:
            tasks, kinds = touched.setdefault((step.round, key), (set(), set()))
            tasks.add(step.task)
            kinds.add(step.operation.kind)
    return frozenset(
        location
        for location, (tasks, kinds) in touched.items()
        if len(tasks) > 1 and (Kind.WRITE in kinds or len(kinds) > 1)
    )


def is_contested(step: Pending, locations: frozenset[Location]) -> bool:
    """Tell whether ``step`` touches one of ``locations``."""
    return any((step.round, key) in locations for key in step.operation.keys)


def predecessors(trace: Sequence[Pending]) -> list[list[int]]:
    """Return for every step the earlier steps of other tasks that it depends on, in its round."""
    return [
        [
            earlier
            for earlier in range(later)
            if trace[earlier].round == trace[later].round
            and trace[earlier].task != trace[later].task
            and dependent(trace[earlier].operation, trace[later].operation)
        ]
        for later in range(len(trace))
    ]
