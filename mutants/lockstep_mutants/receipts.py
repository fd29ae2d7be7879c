"""Faults in telling results: which receipt stands for which transaction."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Receipt
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.steps.drivers.protocol import Crash


class CrashShiftsResults(Batched):
    """T13: the result of a crashed transaction is dropped, and those after it move up."""

    name = "crash-shifts-results"

    def receipts(self, block: Block, results: Sequence[Result]) -> tuple[Receipt, ...]:
        """Return the receipts that there are, numbered from 0."""
        told = [result for result in results if not isinstance(result, Crash)]
        return tuple(
            self.receipt(index, block.transactions[index], result)
            for index, result in enumerate(told)
        )


class ReceiptsZippedWithSet(Batched):
    """T30: receipts are paired with the hashes of the block, each of these taken once."""

    name = "receipts-zipped-with-set"

    def receipts(self, block: Block, results: Sequence[Result]) -> tuple[Receipt, ...]:
        """Return as many receipts as there are different transactions."""
        hashes = dict.fromkeys(envelope.hash for envelope in block.transactions)
        told = super().receipts(block, results)
        return tuple(
            Receipt(receipt.index, each, receipt.code, receipt.gas_used)
            for receipt, each in zip(told, hashes, strict=False)
        )
