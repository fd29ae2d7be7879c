"""The three ways in which an executor gets at storage that somebody else owns.

    shared      the storage object itself, behind a reader-writer lock, held by reference
    callbacks   load functions; the storage stays with its owner
    cloned      a second handle with empty caches of its own, which sees committed data only

Invariant: what a mode's reader answers is what the storage answers; the modes differ in what they
cost and in what else their holder can do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lockstep_ledger.storage.callbacks import CallbackReader, Loads
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_ledger.storage.shared import SharedStorage

SHARED = "shared"
CALLBACKS = "callbacks"
CLONED = "cloned"


@dataclass(frozen=True, slots=True)
class Access:
    """What an executor reads a block's data from, and what the block is merged into."""

    reader: Reader
    storage: Storage


class UnknownAccessError(ValueError):
    """There is no access mode of that name."""


def shared(storage: Storage) -> Access:
    """Give the storage itself, behind a lock, as both."""
    locked = SharedStorage(storage)
    return Access(locked, locked)


def callbacks(storage: Storage) -> Access:
    """Give functions that read the storage, and keep it for the merge."""
    return Access(CallbackReader(Loads.of(storage)), storage)


def cloned(storage: Storage) -> Access:
    """Give a second handle to read from, and merge through the first."""
    return Access(storage.clone(), storage)


ACCESS_MODES: Mapping[str, Callable[[Storage], Access]] = MappingProxyType(
    {SHARED: shared, CALLBACKS: callbacks, CLONED: cloned}
)


def open_access(mode: str, storage: Storage) -> Access:
    """Return access to ``storage`` in ``mode``. Raises ``UnknownAccessError``."""
    opening = ACCESS_MODES.get(mode)
    if opening is None:
        known = ", ".join(ACCESS_MODES)
        raise UnknownAccessError(f"unknown access mode {mode!r}: known are {known}")
    return opening(storage)
