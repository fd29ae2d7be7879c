"""A schedule as deviations from the default order; the empty list is the sequential order.

The default goes on with the current task and takes up the lowest one when that has ended. Where the
default is about to take a step that a deviation names, another task runs on instead. A deviation
names a step by its transaction, label, location and occurrence, all of which survive edits of the
executor that step numbers do not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.case.names import account_name, asset_name
from harness.schedules.conflict import predecessors
from parallel.drivers.protocol import WORKERS_FROM
from parallel.drivers.scheduled import Pending
from parallel.ops import Key, Operation

_TEXT = re.compile(
    r"(?P<task>[^@\s]+)@(?P<label>[^\[#]+?)(?:\[(?P<place>[^\]]*)\])?(?:#(?P<occurrence>\d+))?"
    r" -> (?P<run>\S+)"
)

Address: TypeAlias = tuple[str, str, str, int]
"""Names a step: transaction id, label, place, occurrence from 1."""


class DeviationError(ValueError):
    """A text that is no deviation."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where the default would take the step at ``address``, task ``run`` goes on instead."""

    address: Address
    run: str

    def __str__(self) -> str:
        task, label, place, occurrence = self.address
        where = f"[{place}]" if place else ""
        again = f"#{occurrence}" if occurrence > 1 else ""
        return f"{task}@{label}{where}{again} -> {self.run}"

    @classmethod
    def parse(cls, text: str) -> Deviation:
        """Read what ``str`` wrote. Raises ``DeviationError``."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise DeviationError(f"{text!r} is not of the form t0@label -> t1")
        occurrence = int(match["occurrence"] or 1)
        return cls((match["task"], match["label"], match["place"] or "", occurrence), match["run"])


def task_name(task: int, ids: Sequence[str]) -> str:
    """Return the transaction id of a task, or the name of a worker."""
    return f"w{task - WORKERS_FROM}" if task >= WORKERS_FROM else ids[task]


def place_of(operation: Operation) -> str:
    """Return the location of a step on one key; one on several keys is named by its label alone."""
    if len(operation.keys) != 1:
        return ""
    return place_text(operation.keys[0])


def place_text(key: Key) -> str:
    """Return a key without its table's name: accounts and assets by their names."""
    parts = []
    for part in key[1:]:
        match part:
            case (bytes() as address, bytes() as asset):
                parts.append(f"{account_name(address)} {asset_name(asset)}")
            case bytes() as address:
                parts.append(account_name(address))
            case other:
                parts.append(str(other))
    return " ".join(parts)


class FollowDeviations:
    """Chooses the default except where a deviation says otherwise.

    ``unused`` are the deviations that have not been met.
    """

    __slots__ = ("_counts", "_current", "_ids", "_round", "unused")

    def __init__(self, deviations: Sequence[Deviation], ids: Sequence[str]) -> None:
        self.unused = list(deviations)
        self._ids = ids
        self._current: int | None = None
        self._round = -1
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        position = self._default(runnable)
        if self.unused:
            position = self._deviate(runnable, position)
            self._counts[self._site(runnable[position])] += 1
        self._current = runnable[position].task
        return position

    def _default(self, runnable: Sequence[Pending]) -> int:
        if runnable[0].round != self._round:
            self._round = runnable[0].round
            self._current = None
        for position, pending in enumerate(runnable):
            if pending.task == self._current:
                return position
        return 0

    def _deviate(self, runnable: Sequence[Pending], default: int) -> int:
        site = self._site(runnable[default])
        address = (*site, self._counts[site] + 1)
        for deviation in self.unused:
            if deviation.address == address:
                for position, pending in enumerate(runnable):
                    if task_name(pending.task, self._ids) == deviation.run:
                        self.unused.remove(deviation)
                        return position
        return default

    def _site(self, pending: Pending) -> tuple[str, str, str]:
        operation = pending.operation
        return task_name(pending.task, self._ids), operation.label, place_of(operation)


def deviations_of(trace: Sequence[Pending], ids: Sequence[str]) -> tuple[Deviation, ...]:
    """Return few deviations whose schedule is equivalent to ``trace``.

    Independent steps are commuted so that a task is left only where its next step depends on one
    that others have still to take.
    """
    found: list[Deviation] = []
    start = 0
    while start < len(trace):
        end = start
        while end < len(trace) and trace[end].round == trace[start].round:
            end += 1
        found += _deviations_of_round(trace[start:end], ids)
        start = end
    return tuple(found)


def _deviations_of_round(steps: Sequence[Pending], ids: Sequence[str]) -> list[Deviation]:
    needs = predecessors(steps)
    queues: dict[int, list[int]] = {}
    for number, step in enumerate(steps):
        queues.setdefault(step.task, []).append(number)
    order = sorted(queues)
    taken: set[int] = set()
    counts: Counter[tuple[str, str, str]] = Counter()
    found: list[Deviation] = []
    current: int | None = None

    def ready(task: int) -> bool:
        return taken.issuperset(needs[queues[task][0]])

    while len(taken) < len(steps):
        waiting = [task for task in order if queues[task]]
        default = current if current in waiting else waiting[0]
        assert default is not None
        chosen = default if ready(default) else next(task for task in waiting if ready(task))
        step = steps[queues[default][0]]
        if chosen != default and step.operation.guard is None:
            site = (task_name(default, ids), step.operation.label, place_of(step.operation))
            found.append(Deviation((*site, counts[site] + 1), task_name(chosen, ids)))
        step = steps[queues[chosen][0]]
        counts[task_name(chosen, ids), step.operation.label, place_of(step.operation)] += 1
        taken.add(queues[chosen].pop(0))
        current = chosen
    return found
