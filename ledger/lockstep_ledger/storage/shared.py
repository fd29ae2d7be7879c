"""The access mode ``shared``: one storage object behind a reader-writer lock, held by reference.

Invariant: every read takes the lock for itself alone and gives it back before it returns, so no
reader holds it across an execution; whatever changes the storage holds it as the writer.
"""

from __future__ import annotations

from collections.abc import Callable

from lockstep_ledger.model import Address, Asset, Chain, Multisig, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.fetched import Fetched, Wanted
from lockstep_ledger.storage.lock import ReadWriteLock
from lockstep_ledger.storage.protocol import Reader, Storage


class SharedReader:
    """A ``Reader`` that reads another one under the read lock."""

    __slots__ = ("_reader", "_reading", "lock")

    def __init__(self, reader: Reader, lock: ReadWriteLock) -> None:
        self._reader = reader
        self._reading = lock.reading
        self.lock = lock

    def chain(self) -> Chain:
        """Return height, chain id, burned and the inert counters."""
        with self._reading:
            return self._reader.chain()

    def exists(self, address: Address) -> bool:
        """Tell whether the account is registered."""
        with self._reading:
            return self._reader.exists(address)

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        with self._reading:
            return self._reader.nonce(address)

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        with self._reading:
            return self._reader.balance(address, asset)

    def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration, None if it has none."""
        with self._reading:
            return self._reader.multisig(address)

    def energy(self, address: Address) -> int:
        """Return the account's energy."""
        with self._reading:
            return self._reader.energy(address)

    def fetch(self, wanted: Callable[[], Wanted]) -> Fetched | None:
        """Return all that is wanted, the lock taken once; None where that saves nothing."""
        with self._reading:
            return self._reader.fetch(wanted)


class SharedStorage(SharedReader):
    """A ``Storage`` that several threads read while one of them merges.

    Two reads in a row may lie on both sides of a merge: whoever needs one moment for many reads
    reads ``at`` a topoheight.
    """

    __slots__ = ("_storage",)

    def __init__(self, storage: Storage, lock: ReadWriteLock | None = None) -> None:
        super().__init__(storage, lock or ReadWriteLock())
        self._storage = storage

    @property
    def topoheight(self) -> int:
        """The topoheight of the newest merge."""
        with self._reading:
            return self._storage.topoheight

    def at(self, topoheight: int) -> SharedReader:
        """Return a reader of the data as of ``topoheight``, under the same lock."""
        with self._reading:
            return SharedReader(self._storage.at(topoheight), self.lock)

    def clone(self) -> SharedStorage:
        """Return a second handle under the same lock."""
        with self._reading:
            return SharedStorage(self._storage.clone(), self.lock)

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write ``changes`` at ``topoheight``, with every reader kept out."""
        with self.lock.writing:
            self._storage.merge(changes, topoheight)

    def rewind(self, topoheight: int) -> None:
        """Drop every version above ``topoheight``, with every reader kept out."""
        with self.lock.writing:
            self._storage.rewind(topoheight)

    def export(self) -> State:
        """Return the whole logical state as of one moment."""
        with self._reading:
            return self._storage.export()
