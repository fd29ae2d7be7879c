"""What an executor is to whoever runs it: execute a block over a reader, merge what it changed."""

from __future__ import annotations

from typing import Protocol

from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.steps.drivers.protocol import Driver


class WorkersError(ValueError):
    """An executor was asked for fewer than one worker."""


class Executor(Protocol):
    """Built as ``Class(scheme, workers=n)``; keeps no state between blocks."""

    name: str

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Execute ``block`` on the committed data of ``storage``, which is not changed."""
        ...

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write the block's ``changes`` to ``storage`` at ``topoheight``, all or nothing."""
        ...
