"""Stores with one planted fault each, ``--storage lockstep_mutants.stores:CacheSurvivesRewind``."""

from __future__ import annotations

from lockstep_ledger.model import Address, Asset, Multisig, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.memory import MemoryStorage


class _Caching(MemoryStorage):
    """Nonces and balances are read through a cache that a merge keeps up to date."""

    __slots__ = ("_balances", "_nonces")

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._nonces: dict[Address, int] = {}
        self._balances: dict[tuple[Address, Asset], int] = {}

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        if address not in self._nonces:
            self._nonces[address] = super().nonce(address)
        return self._nonces[address]

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the account's balance of one asset."""
        if (address, asset) not in self._balances:
            self._balances[address, asset] = super().balance(address, asset)
        return self._balances[address, asset]

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write the changes, then hold them in the cache."""
        super().merge(changes, topoheight)
        self.remember(changes)

    def remember(self, changes: Changes) -> None:
        """Hold what ``changes`` leaves."""
        self._nonces.update(changes.modified_nonces)
        self._balances.update(changes.modified_balances)

    def forget(self) -> None:
        """Hold nothing."""
        self._nonces.clear()
        self._balances.clear()


class CacheSurvivesRewind(_Caching):
    """A rewind leaves in the cache what it takes back."""

    __slots__ = ()


class CacheBeforeDisk(_Caching):
    """The cache has the changes before the disk does, and keeps them if the write dies."""

    __slots__ = ()

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Hold the changes in the cache, then write them."""
        self.remember(changes)
        super().merge(changes, topoheight)

    def rewind(self, topoheight: int) -> None:
        """Take versions back, from the cache too."""
        super().rewind(topoheight)
        self.forget()


class TornSnapshot(MemoryStorage):
    """A merge writes the nonces before it says that it begins: a reader in between sees half."""

    __slots__ = ()

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write the nonces, look whether anybody objects, write the rest."""
        before, self.before_write = self.before_write, None
        nonces = self._versions.nonces
        for address, nonce in changes.modified_nonces.items():
            nonces.setdefault(address, []).append((topoheight, nonce))
        try:
            if before is not None:
                before("merge")
        finally:
            for address in changes.modified_nonces:
                nonces[address].pop()
                if not nonces[address]:
                    del nonces[address]
            self.before_write = before
        hook, self.before_write = self.before_write, None
        try:
            super().merge(changes, topoheight)
        finally:
            self.before_write = hook


class IteratorMissesOverlay(MemoryStorage):
    """What goes through all accounts does not see those that a merge registered."""

    __slots__ = ()

    def export(self) -> State:
        """Return the state without the accounts that were not there from the start."""
        whole = super().export()
        known = self._versions.base.accounts
        return State(
            whole.chain, {key: each for key, each in whole.accounts.items() if key in known}
        )


class MergeLost(MemoryStorage):
    """A merge of more than three balances is acknowledged and its balances are not written."""

    __slots__ = ()

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write what fits."""
        super().merge(changes, topoheight)
        if len(changes.modified_balances) > 3:
            for key in changes.modified_balances:
                versions = self._versions.balances[key]
                versions.pop()
                if not versions:
                    del self._versions.balances[key]
            journal = self._journals[-1][1]
            journal[:] = [each for each in journal if each[0] is not self._versions.balances]


class VersionLinksToItself(MemoryStorage):
    """A multisig written again at the topoheight of one taken back is its own older version."""

    __slots__ = ("_linked", "_taken_back")

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._taken_back: set[tuple[int, Address]] = set()
        self._linked: set[Address] = set()

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write the changes."""
        super().merge(changes, topoheight)
        for address in changes.modified_multisigs:
            if (topoheight, address) in self._taken_back:
                self._linked.add(address)
            self._taken_back.add((topoheight, address))

    def multisig(self, address: Address) -> Multisig | None:
        """Return the configuration, which a reader that follows the links never reaches."""
        if address in self._linked:
            raise RecursionError("the version is its own older version")
        return super().multisig(address)
