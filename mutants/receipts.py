"""Faults in telling results: which receipt stands for which transaction."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.block import Block
from ledger.outcome import Receipt
from parallel.batched import Batched
from parallel.block_executor import Result


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
