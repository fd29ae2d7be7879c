"""What every block executor does around its transactions: rewards before, fees and outcome after.

Invariant: the outcome is decided by the results in block order and the block's policy alone, so
executors differ only in when they run which transaction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from typing import Any, ClassVar, TypeAlias

from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import U64_MAX, Policy, Transaction
from lockstep_ledger.outcome import NO_CHANGES, Changes, Code, Fault, Outcome, Receipt, Rejection
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.executors.interface import WorkersError
from lockstep_parallel.rules.access import AccessList, access_list, burns_cannot_overflow
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.prefetch import prefetched
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.rules.verify import check_ahead, reason_against
from lockstep_parallel.steps.drivers.protocol import Crash, Driver

Result: TypeAlias = Code | Crash
"""What running one transaction gave."""


class BlockExecutor(ABC):
    """Executes a block on up to ``workers`` workers; a subclass says in which order.

    The three classes it is made of are attributes, so that a variant can exchange one.
    """

    name: str
    rules_class: ClassVar[type[Rules]] = Rules
    state_class: ClassVar[type[BlockState]] = BlockState
    overlay_class: ClassVar[type[Overlay]] = Overlay

    def __init__(self, scheme: Scheme, workers: int = 4) -> None:
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
            raise WorkersError(f"workers must be an integer of at least 1, not {workers!r}")
        self.workers = workers
        self.scheme = scheme
        self.rules = self.rules_class(scheme)

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Execute ``block`` on the committed data of ``storage``, which is not changed."""
        state = self.state_class(storage)
        state.reader = prefetched(block, storage)
        if not self.before(block, state):
            return _overflowed(())
        state.rules = self.rules_of(block, state, driver)
        results = self.run(block, state, driver)
        return self.conclude(block, state, results)

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write the block's ``changes`` to ``storage`` at ``topoheight``, all or nothing."""
        storage.merge(changes, topoheight)

    def before(self, block: Block, state: BlockState) -> bool:
        """Do what precedes the transactions: pay the rewards; False if that overflows."""
        return block.rewards is None or state.pay_rewards(block.rewards)

    def after(self, block: Block, state: BlockState, fees: int) -> bool:
        """Do what follows the transactions: fees, then the height; False if one overflows."""
        if block.fees_to is not None and not state.pay_fees(block.fees_to, fees):
            return False
        return not block.advances_height or state.original_height < U64_MAX

    @abstractmethod
    def run(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Run the transactions and return the results in block order.

        In an atomic block they may end after the first failure, whatever else was run.
        """

    def access_lists(self, block: Block, state: BlockState) -> list[AccessList]:
        """Return the access list of every transaction."""
        burns_commute = burns_cannot_overflow(block.transactions, state.original_burned)
        return [access_list(each, burns_commute) for each in block.transactions]

    def rules_of(self, block: Block, state: BlockState, driver: Driver) -> Rules | None:
        """Return the rules that know the signatures of ``block``; None if it is not worth it."""
        if self.reason_not_to_check(block):
            return None
        known = check_ahead(self.scheme, block, state.reader, driver, self.workers)
        return self.rules_class(known)

    def reason_not_to_check(self, block: Block) -> str:
        """Say why signatures are not to be checked ahead of ``block``; "" if they are."""
        return reason_against(self.scheme, block, self.workers)

    def transaction(self, envelope: Envelope, state: BlockState) -> Coroutine[Any, Any, Code]:
        """Run one transaction by the rules of the block, the executor's own if it has none."""
        return self.judge(envelope, state, state.rules or self.rules)

    async def judge(self, envelope: Envelope, state: BlockState, rules: Rules) -> Code:
        """Run one transaction on an overlay of its own and publish it if it succeeds."""
        overlay = self.overlay_class(state)
        code = await rules.execute(envelope, overlay)
        if code is Code.SUCCESS:
            await state.publish(overlay)
        return code

    def conclude(self, block: Block, state: BlockState, results: Sequence[Result]) -> Outcome:
        """Turn the results into an outcome under the block's policy."""
        failure = first_failure(results) if block.policy is Policy.ATOMIC else None
        if failure is not None:
            # What was run beyond it does not belong to the block, its crashes included.
            results = results[: failure + 1]
            result = results[failure]
            return Outcome(
                receipts=self.receipts(block, results),
                changes=NO_CHANGES,
                rejection=None if isinstance(result, Crash) else Rejection(failure, result),
                faults=self.faults(results),
                statistics=state.statistics,
            )
        faults = self.faults(results)
        receipts = self.receipts(block, results)
        fees = self.fees(receipts)
        if not self.after(block, state, fees):
            return _overflowed(faults)
        changes = state.changes(int(block.advances_height))
        return Outcome(receipts, changes, fees, None, faults, state.statistics)

    def receipts(self, block: Block, results: Sequence[Result]) -> tuple[Receipt, ...]:
        """Return a receipt per result; a crashed transaction has none and shifts no other."""
        return tuple(
            self.receipt(index, block.transactions[index], result)
            for index, result in enumerate(results)
            if not isinstance(result, Crash)
        )

    def receipt(self, index: int, envelope: Envelope, code: Code) -> Receipt:
        """Return the receipt of one transaction; only a success pays."""
        content = envelope.content
        paid = content.fee if code is Code.SUCCESS and isinstance(content, Transaction) else 0
        return Receipt(index, envelope.hash, code, paid)

    def fees(self, receipts: Sequence[Receipt]) -> int:
        """Return what the block's transactions paid; an energy fee is 0 coins."""
        return sum(each.gas_used for each in receipts)

    def faults(self, results: Sequence[Result]) -> tuple[Fault, ...]:
        """Return the crashes, by the index of the transaction they hit."""
        return tuple(Fault(each.index, each.error) for each in results if isinstance(each, Crash))


def first_failure(results: Sequence[Result]) -> int | None:
    """Return the lowest index that did not succeed; a crash is no success."""
    return next((index for index, each in enumerate(results) if each is not Code.SUCCESS), None)


def _overflowed(faults: tuple[Fault, ...]) -> Outcome:
    return Outcome((), NO_CHANGES, rejection=Rejection(None, Code.OVERFLOW), faults=faults)
