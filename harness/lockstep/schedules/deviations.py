"""Follows a schedule of deviations, and notes the deviations of a choice made otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lockstep.case.deviation import Deviation, Site, task_name
from lockstep.case.names import account_name, asset_name
from lockstep_parallel.steps.drivers.scheduled import Choose, Pending
from lockstep_parallel.steps.ops import Key, Operation


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
