"""Faults in merging: what reaches storage once a block is done, and when."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_ledger.storage.shared import SharedReader, SharedStorage
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Driver


class LockHeldAcrossExecution(Batched):
    """T14a: the write lock of the shared storage is taken before the block and held through it."""

    name = "lock-held-across-execution"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Keep everybody out of the storage, one's own workers too."""
        with ExitStack() as held:
            if isinstance(storage, SharedReader):
                held.enter_context(storage.lock.writing)
            return super().execute(block, storage, driver)


class PublishedByBatch(Batched):
    """T14b: each batch's results are stored while the next one runs, where any reader sees them."""

    name = "published-by-batch"

    def run_batch(
        self, batch: range, block: Block, state: BlockState, driver: Driver
    ) -> list[Result]:
        """Store what the batches before this one gave for as long as it runs."""
        storage = state.storage
        if not isinstance(storage, SharedStorage):
            return super().run_batch(batch, block, state, driver)
        committed = storage.topoheight
        storage.merge(state.changes(0), committed + 1)
        try:
            return super().run_batch(batch, block, state, driver)
        finally:
            storage.rewind(committed)


class MergeNotAtomic(Batched):
    """T16: the merge is more than one write, and between them a part of the block is stored."""

    name = "merge-not-atomic"

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write all but the nonces, take it back, and write everything."""
        committed = storage.topoheight
        storage.merge(replace(changes, modified_nonces={}), topoheight)
        storage.rewind(committed)
        storage.merge(changes, topoheight)


class NewAccountNotRegistered(Batched):
    """T15: the merge writes the balances of created accounts and does not register them."""

    name = "new-account-not-registered"

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Leave the registrations out."""
        storage.merge(replace(changes, created=frozenset()), topoheight)
