"""The read protocol spelled out over columns, and the reader of older versions.

Invariant: each question a ``Reader`` answers is one value of one column.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from lockstep_ledger.model import Address, Asset, Chain, Multisig
from lockstep_ledger.storage.fetched import Fetched, Wanted
from lockstep_ledger.storage.layout import ACCOUNT, BALANCE, CHAIN, ENERGY, MULTISIG, NONCE, Column
from lockstep_ledger.storage.namespace import Namespace

V = TypeVar("V")


class ColumnReader(ABC):
    """A ``Reader`` for whoever can look up a key in a column."""

    __slots__ = ()

    @abstractmethod
    def _read(self, column: Column[V], key: bytes) -> V: ...

    def chain(self) -> Chain:
        """Return height, chain id, burned and the inert counters."""
        return self._read(CHAIN, b"")

    def exists(self, address: Address) -> bool:
        """Tell whether the account is registered."""
        return self._read(ACCOUNT, address) is not None

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        return self._read(NONCE, address)

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        return self._read(BALANCE, address + asset)

    def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration, None if it has none."""
        return self._read(MULTISIG, address)

    def energy(self, address: Address) -> int:
        """Return the account's energy."""
        return self._read(ENERGY, address)

    def fetch(self, wanted: Callable[[], Wanted]) -> Fetched | None:  # noqa: ARG002 - a subclass may
        """Return None: nothing is saved unless a subclass knows how."""
        return None


class HistoryReader(ColumnReader):
    """Reads the newest version at or below one topoheight, past every cache.

    A rewind below it ends its use.
    """

    __slots__ = ("_namespace", "_topoheight")

    def __init__(self, namespace: Namespace, topoheight: int) -> None:
        self._namespace = namespace
        self._topoheight = topoheight

    def _read(self, column: Column[V], key: bytes) -> V:
        self._namespace.require()
        value = self._namespace.value_at(column.code + key, self._topoheight)
        return column.absent if value is None else column.decode(value)
