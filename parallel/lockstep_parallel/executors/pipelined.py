"""The pipelined executor: signatures verified side by side, then decisions in block order.

Verification is most of a transaction's cost and depends on no state, so it needs no schedule of its
own; what depends on state is decided by one task alone and cannot race.
Invariant: the decisions are those of the rules on a private state; a signature's result is the same
whenever it is checked.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from lockstep_ledger.block import Block
from lockstep_ledger.model import Policy
from lockstep_ledger.outcome import Code, Outcome, Statistics
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.block_executor import BlockExecutor, Result
from lockstep_parallel.executors.dag import Dag
from lockstep_parallel.executors.turns import longest_queue, predecessors
from lockstep_parallel.rules.access import access_list
from lockstep_parallel.rules.private import PrivateOverlay, PrivateState
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.rules.verify import FEWEST_TRANSACTIONS
from lockstep_parallel.steps.drivers.protocol import Crash, Driver
from lockstep_parallel.steps.machine import gil_is_on


class InOrder(BlockExecutor):
    """Decides one transaction after another."""

    name = "in-order"
    state_class = PrivateState
    overlay_class = PrivateOverlay

    def run(
        self,
        block: Block,
        state: BlockState,
        driver: Driver,  # noqa: ARG002 - none is needed
    ) -> list[Result]:
        """Decide one transaction after another."""
        results: list[Result] = []
        for index, envelope in enumerate(block.transactions):
            results.append(_finished(index, self.transaction(envelope, state)))
            if block.policy is Policy.ATOMIC and results[-1] is not Code.SUCCESS:
                break
        fallback = self.reason_not_to_check(block)
        state.statistics = Statistics(len(results), batches=int(not fallback), fallback=fallback)
        return results


class Pipelined(InOrder):
    """Verifies all signatures of a block on its workers, then decides in order."""

    name = "pipelined"

    def reason_not_to_check(self, block: Block) -> str:  # noqa: ARG002 - it always does
        """Check signatures ahead, whether that pays or not."""
        return ""


SIDE_BY_SIDE_FROM = 4
"""Workers from which on transactions are run side by side: what that costs each of them is more
than two workers save."""


class Auto(InOrder):
    """Takes the way that suits a block: in order, or transactions side by side.

    Decisions in order, their signatures verified ahead where that pays; or transactions side by
    side, where the interpreter has no lock that would keep them apart, the workers are many and the
    block's longest queue leaves every one of them something to do.
    """

    name = "auto"

    def __init__(self, scheme: Scheme, workers: int = 4) -> None:
        super().__init__(scheme, workers)
        self.dag = Dag(scheme, workers)

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Execute ``block`` on the committed data of ``storage``, which is not changed."""
        if self.can_share(block):
            return self.dag.execute(block, storage, driver)
        return super().execute(block, storage, driver)

    def can_share(self, block: Block) -> bool:
        """Tell whether the transactions themselves are worth running side by side."""
        count = len(block.transactions)
        if gil_is_on() or self.workers < SIDE_BY_SIDE_FROM or count < FEWEST_TRANSACTIONS:
            return False
        accesses = [access_list(each, burns_commute=True) for each in block.transactions]
        return longest_queue(predecessors(accesses)) * self.workers <= count


def _finished(index: int, body: Coroutine[Any, None, Code]) -> Result:
    """Run a body that never suspends to its end."""
    try:
        body.send(None)
    except StopIteration as stop:
        code: Code = stop.value
        return code
    except Exception as error:
        return Crash.of(index, error)
    body.close()
    raise AssertionError("a decision suspended, though nothing is shared")
