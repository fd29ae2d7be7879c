"""The multi-version memory: every location's version chain over the state before the transactions.

It also keeps a record of the last finished incarnation of every transaction: what that read, where
it wrote, how it ended.
Invariant: each operation is one announced step on the locations it touches. Outside of steps, a
chain's entry of a transaction belongs to the record of that transaction. Source: Block-STM,
algorithm 2; there, an operation on several locations takes them one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeAlias

from lockstep_ledger.outcome import Code
from lockstep_parallel.executors.optimistic.chain import (
    BASE,
    EMPTY,
    Chain,
    Entry,
    Estimate,
    Found,
    Snapshot,
    Summed,
    Value,
    Version,
    Written,
)
from lockstep_parallel.rules.state import BlockState, Tracked
from lockstep_parallel.steps.drivers.protocol import Crash
from lockstep_parallel.steps.ops import Key, Kind, op
from lockstep_parallel.steps.tables import Table
from lockstep_parallel.steps.watch import WATCH, check

Location: TypeAlias = Key
"""A location is called what its announcements name: ``("nonce", address)``."""

BURNED: Location = ("burned",)


@dataclass(frozen=True, slots=True)
class Executed:
    """One finished incarnation.

    ``reads`` maps each location it read from below itself to what it found. ``burned`` is
    what it adds to the counter without having read it.
    """

    result: Code | Crash
    reads: Mapping[Location, Found]
    writes: Mapping[Location, Value]
    burned: int = 0

    def __str__(self) -> str:
        match self.result:
            case Code(name=name):
                return f"{name}, {len(self.reads)} read, {len(self.writes)} written"
            case Crash(error=error):
                return error


@dataclass(frozen=True, slots=True)
class Published:
    """A record as an observer sees it, with the version that it is of."""

    version: Version
    record: Executed

    def __str__(self) -> str:
        return str(self.record)


class Memory:
    """The shared memory of one block over ``state``, which is not changed before ``settle``."""

    def __init__(self, state: BlockState) -> None:
        self.state = state
        self.records: Table[int, Executed] = Table("record")
        self._columns: dict[str, Tracked[Any, Any]] = {
            table.name: table
            for table in (
                state.existence,
                state.nonces,
                state.balances,
                state.multisigs,
                state.energies,
            )
        }
        self._chains: dict[Location, Chain] = {}
        self._published: dict[int, Version] = {}
        self._lock = Lock()
        self._show_values()

    def chain(self, location: Location) -> Chain:
        """Return the version chain of ``location``; for a step that names it."""
        check(location, writing=False)
        return self._chains.get(location, EMPTY)

    def base(self, location: Location) -> Value:
        """Return what ``location`` held before the transactions, rewards included."""
        match location:
            case (str() as column, key):
                value: Value = self._columns[column].current(key)
                return value
            case _:
                return self.state.burned.value

    # The steps.

    async def read(self, location: Location, index: int) -> Entry | Summed | None:
        """Return what transaction ``index`` sees there; None if no transaction below it wrote."""
        await op(Kind.READ, (location,), str(location[0]))
        return self.chain(location).below(index)

    async def publish(self, version: Version, record: Executed) -> bool:
        """Replace the entries and the record of the previous incarnation by this one's.

        Tell whether a location is among them that the previous one had not written.
        """
        index = version.transaction
        before = await self.records.get(index, "record") if version.incarnation else None
        previous = before.writes if before else {}
        left = tuple(location for location in previous if location not in record.writes)
        named = (self.records.key(index), *record.writes, *left)
        await op(Kind.WRITE, named, "publish")
        with self._lock:
            self.write(version, record)
            self.remove(index, left)
            self.records.values[index] = record
            self._published[index] = version
        return self.is_wider(record, previous)

    async def validate(self, index: int, record: Executed) -> bool:
        """Tell whether transaction ``index`` would find now what it found when it ran."""
        if record.reads:
            await op(Kind.READ, tuple(record.reads), "validate")
        with self._lock:
            return self.holds(index, record)

    async def abort(self, version: Version, record: Executed) -> None:
        """Turn the entries of an aborted incarnation into estimates."""
        if record.writes:
            await op(Kind.WRITE, tuple(record.writes), "estimate")
            with self._lock:
                self.mark(version, record.writes)

    # What the steps do.

    def write(self, version: Version, record: Executed) -> None:
        """Enter what the incarnation wrote."""
        for location, value in record.writes.items():
            self._set(location, self.chain(location).having(Written(version, value)))

    def remove(self, index: int, locations: Iterable[Location]) -> None:
        """Take out the entries of a transaction that no longer writes there."""
        for location in locations:
            self._set(location, self.chain(location).without(index))

    def mark(self, version: Version, locations: Iterable[Location]) -> None:
        """Leave an estimate wherever the incarnation had written."""
        for location in locations:
            self._set(location, self.chain(location).having(Estimate(version)))

    def is_wider(self, record: Executed, previous: Collection[Location]) -> bool:
        """Tell whether ``record`` writes outside the ``previous`` locations."""
        return any(location not in previous for location in record.writes)

    def holds(self, index: int, record: Executed) -> bool:
        """Tell whether all that transaction ``index`` read is current."""
        return all(
            self.is_current(index, location, found) for location, found in record.reads.items()
        )

    def is_current(self, index: int, location: Location, found: Found) -> bool:
        """Tell whether a read of ``location`` would still find the same version."""
        match self.chain(location).below(index):
            case None:
                return found == BASE
            case Written(version):
                return found == version
            case Estimate():
                return False

    def _set(self, location: Location, chain: Chain) -> None:
        check(location, writing=True)
        self._chains[location] = chain

    # After the last transaction, when no task runs.

    def settle(self) -> None:
        """Write the last value of every location to the state below."""
        for location, chain in self._chains.items():
            match chain.last(), location:
                case None, _:
                    pass
                case Written(_, value), (str() as column, key):
                    self._columns[column].values[key] = value
                case Written(_, int() as value), _:
                    self.state.burned.value = value
                case entry, _:
                    raise AssertionError(f"{entry} was left of a block that is done")

    def _show_values(self) -> None:
        """Let an observer see all entries of a location, and of which version a record is."""
        if WATCH.held is None:
            return
        records = WATCH.held["record"]

        def published(key: Key) -> object:
            index: Any = key[1]
            record: Any = records(key)
            return None if record is None else Published(self._published[index], record)

        WATCH.held["record"] = published
        held_below = {name: table.held for name, table in self._columns.items()}
        for name, below in (*held_below.items(), (BURNED[0], self.state.burned.held)):

            def held(key: Key, below: Callable[[Key], Any] = below) -> object:
                return Snapshot(self._chains.get(key, EMPTY), below(key))

            WATCH.held[name] = held
