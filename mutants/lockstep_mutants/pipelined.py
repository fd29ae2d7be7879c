"""Faults in what a block has written, on a state whose reads keep nothing.

The pipelined executor reads past its tables, so what these hold was written by the block. Where a
read fills them as well, the fault of T27 cannot show and that of X22 is another, T08.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from lockstep_parallel.executors.pipelined import Pipelined
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.private import PrivateState
from lockstep_parallel.rules.state import Tracked

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _LoadedOnly(PrivateState):
    def write_nonces(self, overlay: Overlay) -> None:
        """Copy the nonces of the accounts that are loaded."""
        for address, nonce in overlay.nonces.writes.items():
            if address in self.nonces.values:
                self.nonces.values[address] = nonce


class SetterIgnoresUnloaded(Pipelined):
    """T27: setting the nonce of an account that is not loaded is silently dropped."""

    name = "setter-ignores-unloaded"
    state_class = _LoadedOnly


class _AllWritten(PrivateState):
    def modified(self, table: Tracked[K, V]) -> dict[K, V]:
        """Return all that was written; who exists is told apart by value as ever."""
        return super().modified(table) if table.name == "exists" else dict(table.values)


class NetZeroWritten(Pipelined):
    """X22: entries that end as they were before the block are reported as modified."""

    name = "net-zero-written"
    state_class = _AllWritten
