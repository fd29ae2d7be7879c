"""A schedule as deviations from the default order; the empty list is the sequential order.

The default goes on with the current task and takes up the lowest one when that has ended. Where the
default is about to take a step that a deviation names, another task runs on instead. A deviation
names a step by its transaction, label, location and occurrence, all of which survive edits of the
executor that step numbers do not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.case.names import account_name, asset_name
from harness.schedules.conflict import predecessors
from parallel.drivers.protocol import WORKERS_FROM
from parallel.drivers.scheduled import Choose, Pending
from parallel.ops import Key, Operation

_TEXT = re.compile(
    r"(?P<task>[^@\s]+)@(?P<label>[^\[#]+?)(?:\[(?P<place>[^\]]*)\])?(?:#(?P<occurrence>\d+))?"
    r" -> (?P<run>\S+)"
)

Site: TypeAlias = tuple[str, str, str]
"""Where a step is in the executor: transaction id, label, place."""

Address: TypeAlias = tuple[str, str, str, int]
"""Names a step: its site, and the occurrence there from 1, counted through all rounds."""


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


def site_of(pending: Pending, ids: Sequence[str]) -> Site:
    """Return where a step is."""
    return task_name(pending.task, ids), pending.operation.label, place_of(pending.operation)


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
        self._counts: Counter[Site] = Counter()

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        position = self._default(runnable)
        if self.unused:
            position = self._deviate(runnable, position)
            self._counts[site_of(runnable[position], self._ids)] += 1
        self._current = runnable[position].task
        return position

    def go_on_with(self, task: int) -> None:
        """Let ``task`` be the current one."""
        self._current = task

    def _default(self, runnable: Sequence[Pending]) -> int:
        if runnable[0].round != self._round:
            self._round = runnable[0].round
            self._current = None
        for position, pending in enumerate(runnable):
            if pending.task == self._current:
                return position
        return 0

    def _deviate(self, runnable: Sequence[Pending], default: int) -> int:
        site = site_of(runnable[default], self._ids)
        address = (*site, self._counts[site] + 1)
        for deviation in self.unused:
            if deviation.address == address:
                for position, pending in enumerate(runnable):
                    if task_name(pending.task, self._ids) == deviation.run:
                        self.unused.remove(deviation)
                        return position
        return default


class NoteDeviations:
    """Chooses as ``choose`` does, and notes every step that is not the default one."""

    __slots__ = ("_choose", "_counts", "_default", "_ids", "met")

    def __init__(self, choose: Choose, ids: Sequence[str]) -> None:
        self.met: list[Deviation] = []
        self._choose = choose
        self._ids = ids
        self._default = FollowDeviations((), ids)
        self._counts: Counter[Site] = Counter()

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        default, position = self._default(runnable), self._choose(runnable)
        taken = runnable[position]
        if position != default:
            site = site_of(runnable[default], self._ids)
            run = task_name(taken.task, self._ids)
            self.met.append(Deviation((*site, self._counts[site] + 1), run))
            self._default.go_on_with(taken.task)
        self._counts[site_of(taken, self._ids)] += 1
        return position


def deviations_of(
    trace: Sequence[Pending], ids: Sequence[str], workers: int | None = None
) -> tuple[Deviation, ...]:
    """Return few deviations whose schedule is equivalent to ``trace``.

    Independent steps are commuted so that a task is left only where its next step depends on one
    that others have still to take, and no more than ``workers`` tasks are under way. A guarded step
    that waits for another in the trace is taken to be closed until then.
    """
    found: list[Deviation] = []
    counts: Counter[Site] = Counter()
    start = 0
    while start < len(trace):
        end = start
        while end < len(trace) and trace[end].round == trace[start].round:
            end += 1
        found += _Reordering(trace[start:end], ids, workers, counts).deviations()
        start = end
    return tuple(found)


class _Reordering:
    """One round's steps, taken again in an order as close to the default as its trace allows."""

    def __init__(
        self,
        steps: Sequence[Pending],
        ids: Sequence[str],
        workers: int | None,
        counts: Counter[Site],
    ) -> None:
        self._steps = steps
        self._ids = ids
        self._counts = counts
        self._queues: dict[int, list[int]] = {}
        for number, step in enumerate(steps):
            self._queues.setdefault(step.task, []).append(number)
        self._order = sorted(self._queues)
        self._workers = len(self._order) if workers is None else workers
        self._needs = predecessors(steps)
        if self._workers < len(self._order):
            self._keep_begins_after_ends()
        self._taken: set[int] = set()
        self._under_way: set[int] = set()

    def deviations(self) -> Iterator[Deviation]:
        """Take all steps; yield where the default has to be left."""
        current: int | None = None
        while waiting := [task for task in self._order if self._queues[task]]:
            offered = [task for task in waiting if self._is_offered(task)]
            default = current if current in offered else offered[0]
            assert default is not None
            current = default
            if not self._is_ready(default):
                current = next(task for task in waiting if self._is_ready(task))
                site = self._site(default)
                yield Deviation((*site, self._counts[site] + 1), task_name(current, self._ids))
            self._take(current)

    def _keep_begins_after_ends(self) -> None:
        """Let a task begin only when those have ended that had ended when it began.

        That is enough for never more tasks to be under way than in the trace.
        """
        ended: list[int] = []
        begun: set[int] = set()
        for number, step in enumerate(self._steps):
            if step.task not in begun:
                begun.add(step.task)
                self._needs[number] = [*self._needs[number], *ended]
            if self._queues[step.task][-1] == number:
                ended.append(number)

    def _is_ready(self, task: int) -> bool:
        queue = self._queues[task]
        return bool(queue) and self._taken.issuperset(self._needs[queue[0]])

    def _is_offered(self, task: int) -> bool:
        """Tell whether the driver would offer the task's next step, ready or not."""
        if task not in self._under_way and len(self._under_way) >= self._workers:
            return False
        guarded = self._steps[self._queues[task][0]].operation.guard is not None
        return not guarded or self._is_ready(task)

    def _take(self, task: int) -> None:
        self._counts[self._site(task)] += 1
        self._taken.add(self._queues[task].pop(0))
        if self._queues[task]:
            self._under_way.add(task)
        else:
            self._under_way.discard(task)

    def _site(self, task: int) -> Site:
        return site_of(self._steps[self._queues[task][0]], self._ids)
