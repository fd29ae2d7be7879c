"""Whole-record keys: every step on a field of an account names the account's record as well.

Invariant: two steps on one account conflict if one of them writes, whatever fields they are on. The
fields stay announced beside the record, so that the audit still sees each of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.dag import Dag
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState, Tracked
from lockstep_parallel.steps.ops import Key, Kind, op

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def record(field: Key) -> Key:
    """Return the record that ``field`` belongs to: a balance is keyed by account and asset."""
    owner = field[1]
    return ("account", owner[0] if isinstance(owner, tuple) else owner)


class FieldOfRecord(Tracked[K, V]):
    """One field of every account: reading it reads the account's record."""

    __slots__ = ()

    async def read(self, key: K) -> V:
        """Return the value of ``key``, as one announced step named after the table."""
        field = self.key(key)
        await op(Kind.READ, (record(field), field), self.name)
        if key in self.values:
            return self.values[key]
        return self.values.fill(key, self.original(key))


class RecordState(BlockState):
    """The state of a block whose transactions publish accounts, not fields."""

    table_class = FieldOfRecord

    def written_keys(self, overlay: Overlay) -> tuple[Key, ...]:
        """Return every location that publishing ``overlay`` writes, records first."""
        fields = super().written_keys(overlay)
        owned = (field for field in fields if field not in self.burned.keys)
        return (*dict.fromkeys(map(record, owned)), *fields)


class BatchedRecords(Batched):
    """The batched executor over whole records."""

    name = "batched-records"
    state_class = RecordState


class DagRecords(Dag):
    """The dag executor over whole records."""

    name = "dag-records"
    state_class = RecordState
