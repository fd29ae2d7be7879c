"""What an interleaving did, as far as it can matter: who conflicted, and who read whose writes.

Invariant: two executions of the same trace have the same behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from lockstep.schedules.conflict import contested
from lockstep_parallel.steps.drivers.scheduled import Pending
from lockstep_parallel.steps.ops import Key, Kind

Behaviour: TypeAlias = frozenset[tuple[str, str, int, int]]
"""Edges (label of the later step, label of the earlier one, their tasks by rank of appearance)."""


def behaviour_of(trace: Sequence[Pending]) -> Behaviour:
    """Return, for every step on a contested location, the write that it follows there.

    Tasks are numbered by their order in the block among those that conflict, so that blocks that
    conflict alike behave alike, whatever else they hold.
    """
    locations = contested(trace)
    involved = sorted(
        {
            step.task
            for step in trace
            if any((step.round, key) in locations for key in step.operation.keys)
        }
    )
    rank = {task: position for position, task in enumerate(involved)}
    writers: dict[tuple[int, Key], Pending] = {}
    edges = set()
    for step in trace:
        for key in step.operation.keys:
            if (step.round, key) not in locations:
                continue
            writer = writers.get((step.round, key))
            edges.add(
                (
                    f"{step.operation.label} {key[0]}",
                    "" if writer is None else f"{writer.operation.label} {key[0]}",
                    rank[step.task],
                    -1 if writer is None else rank[writer.task],
                )
            )
            if step.operation.kind is not Kind.READ:
                writers[step.round, key] = step
    return frozenset(edges)
