"""A node whose rules are not the reference's, on both of its paths, and one of it with a race.

Fees are not what receipts say, a want of funds has another code, and what burns is not counted:
held against the reference nearly every case fails, held against its own sequential mode none does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Code, Outcome, Receipt
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.access import AccessList
from lockstep_parallel.steps.drivers.protocol import Driver


class OtherRules(Batched):
    """Right by rules of its own."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        outcome = super().execute(block, storage, driver)
        return replace(
            outcome,
            receipts=tuple(map(_receipt, outcome.receipts)),
            fees=outcome.fees * 2,
            changes=replace(outcome.changes, burned=0),
        )


class OtherRulesRacing(OtherRules):
    """Its parallel path takes every block for free of conflicts."""

    def batches(self, accesses: Sequence[AccessList]) -> Iterator[range]:
        if accesses:
            yield range(len(accesses))


class OtherRulesCrashing(OtherRules):
    """Raises with one worker, which is its sequential mode."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        if self.workers == 1:
            raise RuntimeError("no sequential mode today")
        return super().execute(block, storage, driver)


def _receipt(receipt: Receipt) -> Receipt:
    code = Code.INSUFFICIENT_FEE if receipt.code is Code.INSUFFICIENT_BALANCE else receipt.code
    return replace(receipt, code=code, gas_used=receipt.gas_used // 2)
