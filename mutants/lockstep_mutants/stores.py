"""Stores with one planted fault each, ``--storage lockstep_mutants.stores:CacheSurvivesRewind``."""

from __future__ import annotations

from dataclasses import replace

from lockstep_ledger.model import Address, Multisig, State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import StorageError

NEVER = -1
"""The version before the first one."""


class CachedNonces(MemoryStorage):
    """Without a fault: nonces are read through a cache that every write keeps up to date."""

    __slots__ = ("_cache",)

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._cache: dict[Address, int] = {}

    def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        if address not in self._cache:
            self._cache[address] = super().nonce(address)
        return self._cache[address]

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write the changes, then hold them in the cache."""
        super().merge(changes, topoheight)
        self._cache.update(changes.modified_nonces)

    def rewind(self, topoheight: int) -> None:
        """Take versions back, and hold nothing of them."""
        super().rewind(topoheight)
        self.forget()

    def forget(self) -> None:
        """Hold nothing."""
        self._cache.clear()

    def export(self) -> State:
        """Return the whole state as it is read."""
        whole = super().export()
        read = {key: replace(each, nonce=self.nonce(key)) for key, each in whole.accounts.items()}
        return State(whole.chain, read)


class CacheSurvivesRewind(CachedNonces):
    """S01: a rewind leaves in the cache what it takes back."""

    __slots__ = ()
    name = "cache-survives-rewind"

    def forget(self) -> None:
        """Hold on to everything."""


class CacheBeforeDisk(CachedNonces):
    """S02: the cache has the changes before the disk does, and keeps them if the write fails."""

    __slots__ = ()
    name = "cache-before-disk"

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Hold the changes in the cache, then write them."""
        self._cache.update(changes.modified_nonces)
        super().merge(changes, topoheight)


class TornSnapshot(MemoryStorage):
    """S03: a merge writes the nonces before the rest, and a reader in between sees half of it."""

    __slots__ = ()
    name = "torn-snapshot"

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Have the nonces written where somebody may look, or object, before the merge is."""
        hook, nonces = self.before_write, self._versions.nonces
        for address, nonce in changes.modified_nonces.items():
            nonces.setdefault(address, []).append((topoheight, nonce))
        try:
            if hook is not None:
                hook("merge")
        finally:
            for address in changes.modified_nonces:
                nonces[address].pop()
                if not nonces[address]:
                    del nonces[address]
        self.before_write = None
        try:
            super().merge(changes, topoheight)
        finally:
            self.before_write = hook


class IteratorMissesOverlay(MemoryStorage):
    """S04: what goes through all accounts does not see those that a merge registered."""

    __slots__ = ()
    name = "iterator-misses-overlay"

    def export(self) -> State:
        """Return the state without the accounts that were not there from the start."""
        whole = super().export()
        known = self._versions.base.accounts
        return State(
            whole.chain, {key: each for key, each in whole.accounts.items() if key in known}
        )


class MergeLost(MemoryStorage):
    """S05: a merge that breaks off takes the one before along, which was acknowledged."""

    __slots__ = ()
    name = "merge-acknowledged-and-lost"

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write the changes, or lose what was waiting to reach the disk."""
        hook = self.before_write
        try:
            super().merge(changes, topoheight)
        except BaseException:
            self.before_write = None
            self.rewind(max(self._base_topoheight, self.topoheight - 1))
            self.before_write = hook
            raise


class LinkedMultisigs(MemoryStorage):
    """Without a fault: a configuration is read from versions, each linked to the one before it.

    A rewind leaves the versions where they are and links to an older one.
    """

    __slots__ = ("_links", "_newest")

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._newest: dict[Address, int] = {}
        self._links: dict[tuple[Address, int], tuple[int, Multisig | None]] = {}

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write the changes, each configuration as a version before the others."""
        super().merge(changes, topoheight)
        for address, multisig in changes.modified_multisigs.items():
            self._links[address, topoheight] = self.older(address), multisig
            self._newest[address] = topoheight

    def rewind(self, topoheight: int) -> None:
        """Take versions back."""
        super().rewind(topoheight)
        for address in tuple(self._newest):
            left = (at for at, _ in self.versions(address) if at <= topoheight)
            self._newest[address] = next(left, NEVER)

    def older(self, address: Address) -> int:
        """Return the version that the next one comes after."""
        return self._newest.get(address, NEVER)

    def multisig(self, address: Address) -> Multisig | None:
        """Return the account's configuration, all of whose versions are read."""
        versions = self.versions(address)
        return versions[0][1] if versions else super().multisig(address)

    def versions(self, address: Address) -> list[tuple[int, Multisig | None]]:
        """Return the versions of an account's configuration, the newest first."""
        at, found = self._newest.get(address, NEVER), dict[int, Multisig | None]()
        while at != NEVER:
            if at in found:
                raise StorageError("a version is its own older version")
            older, found[at] = self._links[address, at]
            at = older
        return list(found.items())

    def export(self) -> State:
        """Return the whole state as it is read."""
        whole = super().export()
        accounts = whole.accounts.items()
        read = {key: replace(each, multisig=self.multisig(key)) for key, each in accounts}
        return State(whole.chain, read)


class VersionLinksToItself(LinkedMultisigs):
    """S06: a configuration written again where one was taken back is its own older version."""

    __slots__ = ()
    name = "version-links-to-itself"

    def older(self, address: Address) -> int:
        """Return the highest version that was ever written, taken back or not."""
        return max((at for each, at in self._links if each == address), default=NEVER)
