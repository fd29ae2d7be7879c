"""Whole-account keys: every step on a field of an account names the account as well.

Invariant: two steps on one account conflict if one of them writes, whatever fields they are on. The
fields stay announced beside the account, so that each of them is still watched.
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


def account_of(field: Key) -> Key:
    """Return the account that ``field`` belongs to: a balance is keyed by account and asset."""
    owner = field[1]
    return ("account", owner[0] if isinstance(owner, tuple) else owner)


class FieldOfAccount(Tracked[K, V]):
    """One field of every account: reading it reads the account."""

    __slots__ = ()

    async def read(self, key: K) -> V:
        """Return the value of ``key``, as one announced step named after the table."""
        field = self.key(key)
        await op(Kind.READ, (account_of(field), field), self.name)
        if key in self.values:
            return self.values[key]
        return self.values.fill(key, self.original(key))


class AccountState(BlockState):
    """The state of a block whose transactions publish accounts, not fields."""

    table_class = FieldOfAccount

    def written_keys(self, overlay: Overlay) -> tuple[Key, ...]:
        """Return every location that publishing ``overlay`` writes, records first."""
        fields = super().written_keys(overlay)
        owned = (field for field in fields if field not in self.burned.keys)
        return (*dict.fromkeys(map(account_of, owned)), *fields)


class BatchedAccounts(Batched):
    """The batched executor over whole records."""

    name = "batched-accounts"
    state_class = AccountState


class DagAccounts(Dag):
    """The dag executor over whole records."""

    name = "dag-accounts"
    state_class = AccountState
