"""Runs a case once and notes which values its steps saw and published.

Invariant: observing changes nothing. The driver looks at the locations that a step announced after
the step was taken, through what cells and tables enter of themselves in ``WATCH.held``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from lockstep.case.deviation import Address, Deviation, task_name
from lockstep.case.values import Case
from lockstep.explain.speculation import shown, worked_on
from lockstep.run.result import Run
from lockstep.schedules.deviations import FollowDeviations, place_of
from lockstep.targets.preempted import LINE
from lockstep.targets.steered import STEP_LIMIT, SteeredLane
from lockstep_ledger.model import Account, State
from lockstep_parallel.executors.optimistic.chain import Snapshot
from lockstep_parallel.steps.drivers.protocol import Crash, Driver, Task
from lockstep_parallel.steps.drivers.scheduled import Pending, Scheduled
from lockstep_parallel.steps.ops import Key, Kind
from lockstep_parallel.steps.watch import WATCH

T = TypeVar("T")


class _Unknown:
    """The value at a location that no cell or table holds."""

    def __repr__(self) -> str:
        return "?"


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True)
class Touch:
    """What a step did to one location.

    ``number`` is the step's place in the trace, ``address`` names it in any run of the block.
    ``value`` is what a read saw or a write published; ``writer`` is who had written the location
    last before, None if nobody had since the block began. ``index`` is the transaction that the
    step is for, None if a worker does not say; ``held`` is all that a location of a speculative
    executor held.
    """

    number: int
    address: Address
    kind: Kind
    location: Key
    value: object
    writer: str | None
    index: int | None = None
    held: Snapshot | None = None

    @property
    def transaction(self) -> str:
        """The transaction that took the step, or the worker."""
        return self.address[0]

    @property
    def writes(self) -> bool:
        """Tell whether the step may change the location."""
        return self.kind is not Kind.READ


@dataclass(frozen=True, slots=True)
class ObservedBlock:
    """One execution of a block: its steps, what they did, where which deviation was met.

    A deviation is met before the step of its number.
    """

    ids: tuple[str, ...]
    trace: tuple[Pending, ...]
    touches: tuple[Touch, ...]
    met: tuple[tuple[int, Deviation], ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """A run and its blocks."""

    run: Run
    blocks: tuple[ObservedBlock, ...]


def observe(lane: SteeredLane, case: Case, schedule: Sequence[Deviation]) -> Observed:
    """Run ``case`` under the deviations of ``schedule``; none is the sequential order."""
    drivers: list[_Observing] = []

    def driving(ids: tuple[str, ...]) -> Iterator[Driver]:
        drivers.append(_Observing(schedule, ids))
        yield drivers[-1]

    with _values_held():
        run = lane.run(case, driving)
    # A block that failed while storage could not be read ended before it had a driver.
    executed = [block for block in run.blocks if block.executions]
    blocks = zip(drivers, executed, strict=False)
    return Observed(run, tuple(driver.block(block.before) for driver, block in blocks))


@contextmanager
def _values_held() -> Iterator[None]:
    before, WATCH.held = WATCH.held, {}
    try:
        yield
    finally:
        WATCH.held = before


class _Observing(Scheduled):
    """Follows deviations and looks at what every step left behind."""

    def __init__(self, schedule: Sequence[Deviation], ids: tuple[str, ...]) -> None:
        super().__init__(self._choose, STEP_LIMIT)
        self._ids = ids
        self._follow = FollowDeviations(schedule, ids)
        self._values: list[tuple[object, ...]] = []
        self._met: list[tuple[int, Deviation]] = []

    def run(self, tasks: Sequence[Task[T]], workers: int) -> list[T | Crash]:
        """Run ``tasks`` and look at the last step too, before anything else happens."""
        try:
            return super().run(tasks, workers)
        finally:
            self._look()

    def block(self, before: State) -> ObservedBlock:
        """Return what was seen of the block, which began in the state ``before``."""
        touches = _touches(self.trace, self._values, self._ids, before)
        return ObservedBlock(self._ids, tuple(self.trace), tuple(touches), tuple(self._met))

    def _choose(self, runnable: Sequence[Pending]) -> int:
        self._look()
        waiting = tuple(self._follow.unused)
        position = self._follow(runnable)
        met = (each for each in waiting if each not in self._follow.unused)
        self._met += [(len(self.trace), each) for each in met]
        return position

    def _look(self) -> None:
        if len(self._values) < len(self.trace):
            self._values.append(tuple(_held(key) for key in self.trace[-1].operation.keys))


def _held(key: Key) -> object:
    held = (WATCH.held or {}).get(key[0])
    return UNKNOWN if held is None else held(key)


def _touches(
    trace: Sequence[Pending],
    values: Sequence[tuple[object, ...]],
    ids: tuple[str, ...],
    before: State,
) -> Iterator[Touch]:
    writers: dict[Key, str] = {}
    works = worked_on(trace)
    for number, (step, address) in enumerate(zip(trace, addresses(trace, ids), strict=True)):
        operation, index = step.operation, works[number]
        for key, value in zip(operation.keys, values[number], strict=True):
            if key == LINE:
                continue
            held = value if isinstance(value, Snapshot) else None
            told = value if held is None else shown(held, index, operation.kind)
            if told is None and key not in writers:
                told = stored(before, key)
            touch = Touch(number, address, operation.kind, key, told, writers.get(key), index, held)
            yield touch
            if operation.kind is not Kind.READ:
                writers[key] = address[0]


def stored(before: State, location: Key) -> object:
    """Return what a location that nobody has loaded holds, None for one that is not of a state."""
    match location:
        case ("exists", bytes() as address):
            return address in before.accounts
        case (str() as column, (bytes() as address) | (bytes() as address, _)):
            account = before.accounts.get(address, Account())
            return _column(account, column, location)
        case _:
            return None


def _column(account: Account, column: str, location: Key) -> object:
    match column, location[1]:
        case "balance", (_, bytes() as asset):
            return account.balances.get(asset, 0)
        case "nonce", _:
            return account.nonce
        case "multisig", _:
            return account.multisig
        case "energy", _:
            return account.energy
        case _:
            return None


def addresses(trace: Sequence[Pending], ids: Sequence[str]) -> Iterator[Address]:
    """Give the address of every step: transaction, label, place, occurrence."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for step in trace:
        site = (task_name(step.task, ids), step.operation.label, place_of(step.operation))
        counts[site] += 1
        yield (*site, counts[site])
