"""The store that lives in memory: the given state, untouched, with versions layered on top.

Invariant: the versions of a key stand in ascending topoheight, and the journal lists every version
that was written, so that taking them off in reverse order restores any older state exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from lockstep_ledger.model import U64_MAX, Account, Address, Asset, Chain, Multisig, State
from lockstep_ledger.outcome import BalanceKey, Changes
from lockstep_ledger.storage.fetched import Fetched, Wanted
from lockstep_ledger.storage.merging import (
    check_merge,
    check_readable,
    check_rewind,
    check_topoheight,
)

K = TypeVar("K")
V = TypeVar("V")

Table: TypeAlias = dict[K, list[tuple[int, V]]]
"""Versions (topoheight, value) of each key that any merge wrote."""

_Entry: TypeAlias = tuple[Table[Any, Any], Any, Any]

_NO_ACCOUNT = Account()


class _Versions:
    """Everything above the base state; shared by a store and its readers."""

    __slots__ = ("balances", "base", "chains", "created", "energies", "multisigs", "nonces")

    def __init__(self, base: State) -> None:
        self.base = base
        self.nonces: Table[Address, int] = {}
        self.balances: Table[BalanceKey, int] = {}
        self.multisigs: Table[Address, Multisig | None] = {}
        self.energies: Table[Address, int] = {}
        self.created: Table[Address, bool] = {}
        self.chains: Table[None, Chain] = {}

    def base_account(self, address: Address) -> Account:
        return self.base.accounts.get(address, _NO_ACCOUNT)


class MemoryReader:
    """Reads the newest version at or below one topoheight. A rewind below it ends its use."""

    __slots__ = ("_limit", "_versions")

    def __init__(self, versions: _Versions, limit: int) -> None:
        self._versions = versions
        self._limit = limit

    def chain(self) -> Chain:
        """Return height, chain id, burned and the inert counters."""
        for topoheight, chain in reversed(self._versions.chains.get(None, ())):
            if topoheight <= self._limit:
                return chain
        return self._versions.base.chain

    def exists(self, address: Address) -> bool:
        """Tell whether the account is registered."""
        for topoheight, created in self._versions.created.get(address, ()):
            if topoheight <= self._limit:
                return created
        return address in self._versions.base.accounts

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        for topoheight, nonce in reversed(self._versions.nonces.get(address, ())):
            if topoheight <= self._limit:
                return nonce
        return self._versions.base_account(address).nonce

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        for topoheight, balance in reversed(self._versions.balances.get((address, asset), ())):
            if topoheight <= self._limit:
                return balance
        return self._versions.base_account(address).balances.get(asset, 0)

    def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration, None if it has none."""
        for topoheight, multisig in reversed(self._versions.multisigs.get(address, ())):
            if topoheight <= self._limit:
                return multisig
        return self._versions.base_account(address).multisig

    def energy(self, address: Address) -> int:
        """Return the account's energy."""
        for topoheight, energy in reversed(self._versions.energies.get(address, ())):
            if topoheight <= self._limit:
                return energy
        return self._versions.base_account(address).energy

    def fetch(self, wanted: Callable[[], Wanted]) -> Fetched | None:
        """Return None: a value is read as cheaply alone."""


class MemoryStorage(MemoryReader):
    """A ``Storage`` over ``state``, which must not change afterwards.

    Making one costs the same for any number of accounts. ``before_write``, if set, is called with
    the name of the operation just before it takes effect; if it raises, nothing has changed.
    A ``topoheight`` outside u64 is a ``StorageError``.
    """

    __slots__ = ("_base_topoheight", "_journals", "before_write")

    def __init__(self, state: State, topoheight: int = 0) -> None:
        check_topoheight(topoheight)
        super().__init__(_Versions(state), U64_MAX)
        self._base_topoheight = topoheight
        self._journals: list[tuple[int, list[tuple[Table[Any, Any], Any]]]] = []
        self.before_write: Callable[[str], None] | None = None

    @property
    def topoheight(self) -> int:
        """The topoheight of the newest merge."""
        return self._journals[-1][0] if self._journals else self._base_topoheight

    def at(self, topoheight: int) -> MemoryReader:
        """Return a reader of the data as of ``topoheight``.

        Raises ``StorageError`` if that is below the topoheight the store began at.
        """
        check_readable(self._base_topoheight, topoheight)
        return MemoryReader(self._versions, topoheight)

    def clone(self) -> MemoryStorage:
        """Return the store itself: it has no cache that a second handle could hold apart."""
        return self

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write ``changes`` at ``topoheight``, which must be above the newest.

        Raises ``StorageError`` if they cannot be stored; the store is then as it was.
        """
        chain = check_merge(self, self.topoheight, changes, topoheight)
        entries = self._entries(changes, chain)
        if self.before_write is not None:
            self.before_write("merge")
        for table, key, value in entries:
            table.setdefault(key, []).append((topoheight, value))
        self._journals.append((topoheight, [(table, key) for table, key, _ in entries]))

    def rewind(self, topoheight: int) -> None:
        """Drop every version above ``topoheight``; accounts created above it are gone.

        Raises ``StorageError`` if ``topoheight`` is above the newest or below the first.
        """
        check_rewind(self._base_topoheight, self.topoheight, topoheight)
        if self.before_write is not None:
            self.before_write("rewind")
        while self._journals and self._journals[-1][0] > topoheight:
            for table, key in self._journals.pop()[1]:
                table[key].pop()
                if not table[key]:
                    del table[key]

    def export(self) -> State:
        """Return the whole logical state, newest versions."""
        versions = self._versions
        balances: dict[Address, dict[Asset, int]] = {}
        for (address, asset), entries in versions.balances.items():
            balances.setdefault(address, {})[asset] = entries[-1][1]
        touched = versions.nonces.keys() | versions.multisigs.keys() | versions.energies.keys()
        accounts = dict(versions.base.accounts)
        for address in touched | versions.created.keys() | balances.keys():
            accounts[address] = self._account(address, balances.get(address, {}))
        return State(self.chain(), accounts)

    def _account(self, address: Address, balances: Mapping[Asset, int]) -> Account:
        account = self._versions.base_account(address)
        return Account(
            self.nonce(address),
            {**account.balances, **balances},
            self.multisig(address),
            self.energy(address),
            account.frozen,
            account.flags,
            account.data,
        )

    def _entries(self, changes: Changes, chain: Chain) -> list[_Entry]:
        versions = self._versions
        entries: list[_Entry] = []
        entries += ((versions.nonces, *item) for item in changes.modified_nonces.items())
        entries += ((versions.balances, *item) for item in changes.modified_balances.items())
        entries += ((versions.multisigs, *item) for item in changes.modified_multisigs.items())
        entries += ((versions.energies, *item) for item in changes.modified_energies.items())
        entries += ((versions.created, address, True) for address in changes.created)
        if changes.burned or changes.height:
            entries.append((versions.chains, None, chain))
        return entries
