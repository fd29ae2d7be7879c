"""Faults in merging: what reaches storage once a block is done, and when."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from ledger.block import Block
from ledger.outcome import Changes, Outcome
from ledger.storage.protocol import Reader, Storage
from ledger.storage.shared import SharedReader
from parallel.batched import Batched
from parallel.drivers.protocol import Driver


class LockHeldAcrossExecution(Batched):
    """T14a: the write lock of the shared storage is taken before the block and held through it."""

    name = "lock-held-across-execution"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Keep everybody out of the storage, one's own workers too."""
        with ExitStack() as held:
            if isinstance(storage, SharedReader):
                held.enter_context(storage.lock.writing)
            return super().execute(block, storage, driver)


class NewAccountNotRegistered(Batched):
    """T15: the merge writes the balances of created accounts and does not register them."""

    name = "new-account-not-registered"

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Leave the registrations out."""
        storage.merge(replace(changes, created=frozenset()), topoheight)
