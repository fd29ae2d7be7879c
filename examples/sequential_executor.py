"""The smallest executor that agrees: one transaction after another, nothing in parallel.

It shows all that an executor has to do, with the rules and the block state that come with lockstep:

    lockstep fuzz --executor examples.sequential_executor:Sequential
"""

from __future__ import annotations

from lockstep import (
    NO_CHANGES,
    U64_MAX,
    Block,
    BlockState,
    Changes,
    Code,
    Crash,
    Driver,
    Envelope,
    Fault,
    Outcome,
    Overlay,
    Policy,
    Reader,
    Receipt,
    Rejection,
    Rules,
    Scheme,
    Storage,
    Task,
    Transaction,
)


class Sequential:
    """Executes a block in order; ``workers`` makes no difference."""

    name = "sequential"

    def __init__(self, scheme: Scheme, workers: int = 1) -> None:
        self.workers = workers
        self.rules = Rules(scheme)

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Execute ``block`` on the committed data of ``storage``, which is not changed."""
        state = BlockState(storage)
        if block.rewards is not None and not state.pay_rewards(block.rewards):
            return _rejected((), None, Code.OVERFLOW)
        receipts: list[Receipt] = []
        faults: list[Fault] = []
        for index, envelope in enumerate(block.transactions):
            [code] = driver.run([Task(index, self._transaction(envelope, state))], self.workers)
            if isinstance(code, Crash):
                faults.append(Fault(index, code.error))
                if block.policy is Policy.ATOMIC:
                    return Outcome(tuple(receipts), NO_CHANGES, faults=tuple(faults))
                continue
            receipts.append(Receipt(index, envelope.hash, code, _paid(envelope, code)))
            if code is not Code.SUCCESS and block.policy is Policy.ATOMIC:
                return _rejected(tuple(receipts), index, code)
        fees = sum(receipt.gas_used for receipt in receipts)
        if block.fees_to is not None and not state.pay_fees(block.fees_to, fees):
            return _rejected((), None, Code.OVERFLOW)
        if block.advances_height and storage.chain().height == U64_MAX:
            return _rejected((), None, Code.OVERFLOW)
        changes = state.changes(int(block.advances_height))
        return Outcome(tuple(receipts), changes, fees, faults=tuple(faults))

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write the block's ``changes`` to ``storage`` at ``topoheight``, all or nothing."""
        storage.merge(changes, topoheight)

    async def _transaction(self, envelope: Envelope, state: BlockState) -> Code:
        overlay = Overlay(state)
        code = await self.rules.execute(envelope, overlay)
        if code is Code.SUCCESS:
            await state.publish(overlay)
        return code


def _paid(envelope: Envelope, code: Code) -> int:
    content = envelope.content
    return content.fee if code is Code.SUCCESS and isinstance(content, Transaction) else 0


def _rejected(receipts: tuple[Receipt, ...], index: int | None, code: Code) -> Outcome:
    return Outcome(receipts, NO_CHANGES, rejection=Rejection(index, code))
