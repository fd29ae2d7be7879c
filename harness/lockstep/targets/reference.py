"""The reference in the shape of an executor, so that it can be served or asked like one."""

from __future__ import annotations

from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_reference import block as reference

REFERENCE = "reference"


class ReferenceExecutor:
    """Executes one transaction after another; a driver has nothing to drive."""

    name = REFERENCE

    def __init__(self, scheme: Scheme, workers: int = 1) -> None:
        self._scheme = scheme
        self.workers = workers

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:  # noqa: ARG002
        """Execute ``block`` on the committed data."""
        return reference.execute(block, storage, self._scheme)

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write the block's changes."""
        storage.merge(changes, topoheight)
