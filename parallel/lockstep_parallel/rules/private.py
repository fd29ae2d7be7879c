"""A block's state that one task at a time has to itself: it is read and written without announcing.

Invariant: whoever touches it has announced the one location that stands for all of it, or runs
where no task runs; so nothing of it is watched entry by entry, and no read of it suspends.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from lockstep_ledger.model import Address, Multisig
from lockstep_ledger.outcome import BalanceKey
from lockstep_parallel.rules.overlay import Overlay, Staged
from lockstep_parallel.rules.state import BlockState, Tracked
from lockstep_parallel.steps.watch import Watched

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_MISSING: Any = object()


class Unwatched(Watched[K, V]):
    """The contents of a table that is not shared: a dictionary as any other."""

    __slots__ = ()
    __getitem__ = dict.__getitem__
    __setitem__ = dict.__setitem__
    __contains__ = dict.__contains__
    __iter__ = dict.__iter__
    get = dict.get  # type: ignore[assignment]
    update = dict.update  # type: ignore[assignment]


class Private(Tracked[K, V]):
    """A column that is not shared."""

    __slots__ = ()

    def __init__(self, name: str, stored: Callable[[K], V]) -> None:
        super().__init__(name, stored)
        self.values = Unwatched(name)

    def current(self, key: K) -> V:
        """Return the value of ``key``, loading it if it was not touched before."""
        value: Any = self.values.get(key, _MISSING)
        if value is _MISSING:
            value = self.originals.get(key, _MISSING)
        found: V = self.original(key) if value is _MISSING else value
        return found


class PrivateState(BlockState):
    """The state of a block that is decided by one task at a time."""

    table_class = Private

    async def burned_so_far(self) -> int:
        """Return the burned counter."""
        return self.burned.value

    async def publish(self, overlay: Overlay) -> None:
        """Take over all writes of ``overlay``."""
        self.write(overlay)


class Direct(Staged[K, V]):
    """The writes of a transaction over a column that nobody else changes meanwhile."""

    __slots__ = ("_current",)

    def __init__(self, current: Callable[[K], V]) -> None:
        self.writes: dict[K, V] = {}
        self._current = current

    async def get(self, key: K) -> V:
        """Return the own write of ``key``, else what is below."""
        value: Any = self.writes.get(key, _MISSING)
        return self._current(key) if value is _MISSING else value


class PrivateOverlay(Overlay):
    """The view of a transaction that runs alone on a private state."""

    __slots__ = ()

    def __init__(self, shared: PrivateState) -> None:
        self.shared = shared
        self.existence: Staged[Address, bool] = Direct(shared.existence.current)
        self.nonces: Staged[Address, int] = Direct(shared.nonces.current)
        self.balances: Staged[BalanceKey, int] = Direct(shared.balances.current)
        self.multisigs: Staged[Address, Multisig | None] = Direct(shared.multisigs.current)
        self.energies: Staged[Address, int] = Direct(shared.energies.current)
        self.burned_read: int | None = None
        self.burning = 0
