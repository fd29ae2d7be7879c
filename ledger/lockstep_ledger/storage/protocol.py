"""The two sides of storage: a reader that executors are handed, and the store that owns the data.

Invariant of every store: nonce, balance, multisig, energy and the chain's counters have one version
per key and topoheight; a read at topoheight N gives the newest version at or below N; ``rewind(N)``
drops the versions above it. Stores are compared by their logical state, never by raw keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from lockstep_ledger.model import Address, Asset, Chain, Multisig, State
from lockstep_ledger.outcome import Changes

if TYPE_CHECKING:
    from lockstep_ledger.storage.fetched import Fetched, Wanted


class StorageError(Exception):
    """The store cannot do what it was asked; the text says what, where and why."""


class ClosedError(StorageError):
    """A store, or a reader of one, was used after its database was closed or it was dropped."""


class DatabaseLockedError(StorageError):
    """A database was opened that is open already, here or in another process."""


class Reader(Protocol):
    """Committed data at one topoheight; an absent account reads as all zero, without multisig."""

    def chain(self) -> Chain:
        """Return height, chain id, burned and the inert counters."""
        ...

    def exists(self, address: Address) -> bool:
        """Tell whether the account is registered."""
        ...

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        ...

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        ...

    def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration, None if it has none."""
        ...

    def energy(self, address: Address) -> int:
        """Return the account's energy."""
        ...

    def fetch(self, wanted: Callable[[], Wanted]) -> Fetched | None:
        """Return all that ``wanted`` says, of one moment.

        None, without asking what is wanted, where a value is read as cheaply alone.
        """
        ...


class Storage(Reader, Protocol):
    """A reader of the newest committed data, and the operations that change it."""

    @property
    def topoheight(self) -> int:
        """The topoheight of the newest merge."""
        ...

    def at(self, topoheight: int) -> Reader:
        """Return a reader of the data as of ``topoheight``."""
        ...

    def clone(self) -> Storage:
        """Return a second handle on the same data, with empty caches of its own if it has any."""
        ...

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write ``changes`` as one atomic batch at ``topoheight``, which must be above the newest.

        Only modified entries are written, created accounts are registered. A merge that fails
        raises ``StorageError`` and leaves the store, its caches included, as it was.
        """
        ...

    def rewind(self, topoheight: int) -> None:
        """Drop every version above ``topoheight``; accounts created above it are gone."""
        ...

    def export(self) -> State:
        """Return the whole logical state, newest versions."""
        ...


class OwnedStorage(Storage, Protocol):
    """A storage in its owner's hands.

    ``before_write``, if set, is called with the name of the operation just before it is written; if
    it raises, nothing has changed.
    """

    before_write: Callable[[str], None] | None
