"""What a transaction sees of a speculative memory, and which transaction a worker's step is for.

Invariant: what is told here follows from the announcements and from what the memory held; where a
worker's step does not say what it is for, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockstep_parallel.executors.optimistic.chain import (
    Addition,
    Estimate,
    Snapshot,
    Version,
    Written,
)
from lockstep_parallel.executors.optimistic.memory import BURNED
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM
from lockstep_parallel.steps.drivers.scheduled import Pending
from lockstep_parallel.steps.ops import Key, Kind

SCHEDULER: Key = ("scheduler",)


@dataclass(frozen=True, slots=True)
class Seen:
    """What lies below a transaction: the value, and who wrote it, the highest first.

    Nobody did if it comes from below all transactions. ``estimate`` is an aborted incarnation that
    had written there: then there is no value.
    """

    value: object
    writers: tuple[Version, ...] = ()
    estimate: Version | None = None


def seen_below(held: Snapshot, index: int) -> Seen:
    """Return what transaction ``index`` sees where a location is ``held`` so."""
    added = 0
    writers: list[Version] = []
    for entry in reversed(held.chain.entries):
        if entry.version.transaction >= index:
            continue
        if isinstance(entry, Estimate):
            return Seen(None, (), entry.version)
        writers.append(entry.version)
        match entry.value:
            case Addition(amount):
                added += amount
            case bool() | None as value:
                return Seen(value, tuple(writers))
            case int() as value:
                return Seen(value + added, tuple(writers))
            case value:
                return Seen(value, tuple(writers))
    base = held.base
    return Seen(base + added if added and isinstance(base, int) else base, tuple(writers))


def shown(held: Snapshot, index: int | None, kind: Kind) -> object:
    """Return the one value to tell of a step: what it read, or what it left behind.

    Of a step that is for no known transaction it is the highest entry.
    """
    if kind is Kind.READ and index is not None:
        seen = seen_below(held, index)
        return seen.value if seen.estimate is None else EstimateOf(seen.estimate)
    entries = held.chain.entries
    own = [each for each in entries if index in (None, each.version.transaction)]
    match own[-1:]:
        case [Estimate(version)]:
            return EstimateOf(version)
        case [Written(_, value)]:
            return value
        case _:
            return held.base


@dataclass(frozen=True, slots=True)
class EstimateOf:
    """Stands for the value where an aborted incarnation had written."""

    version: Version

    def __str__(self) -> str:
        return f"an estimate of transaction {self.version.transaction}"


def worked_on(trace: Sequence[Pending]) -> list[int | None]:
    """Return for every step the index of the transaction that it is for, None if unknown.

    A worker's reads are for the transaction whose record it touches next, before it goes back to
    the scheduler; what it does after a record, up to its next read, is for that transaction.
    """
    found: list[int | None] = [None] * len(trace)
    waiting: dict[tuple[int, int], list[int]] = {}
    latest: dict[tuple[int, int], int] = {}
    current: dict[tuple[int, int], bool] = {}
    for number, step in enumerate(trace):
        worker = step.round, step.task
        if step.task < WORKERS_FROM:
            found[number] = step.task
            continue
        keys = step.operation.keys
        record = next((key[1] for key in keys if key[0] == "record"), None)
        if SCHEDULER in keys:
            waiting[worker], current[worker] = [], False
            found[number] = latest.get(worker)
        elif isinstance(record, int):
            latest[worker], current[worker] = record, True
            for each in (*waiting.pop(worker, ()), number):
                found[each] = record
        elif current.get(worker) or step.operation.kind is not Kind.READ:
            found[number] = latest.get(worker)
        else:
            waiting.setdefault(worker, []).append(number)
    return found


def is_read_of_state(step: Pending) -> bool:
    """Tell whether a step of an incarnation reads one location of the state."""
    operation = step.operation
    if operation.kind is not Kind.READ or len(operation.keys) != 1:
        return False
    (key,) = operation.keys
    return key[0] in COLUMNS and operation.label == key[0]


COLUMNS = frozenset({"exists", "nonce", "balance", "multisig", "energy", BURNED[0]})
