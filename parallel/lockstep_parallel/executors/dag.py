"""The dag executor: a queue at every account; a transaction starts when it is first in all of its.

Invariant: a transaction runs after all those before it that it conflicts with and before all those
after it, so it reads what it would read in sequential order. The others run side by side, however
far apart they stand in the block.

It cannot hang. A driver begins tasks in block order and a transaction waits for lower ones only, so
the lowest that has not ended has been begun or is begun next, waits for nobody, and can go on; and
every transaction says that it has ended, also one that crashed or was spared.
"""

from __future__ import annotations

from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import Policy
from lockstep_ledger.outcome import Code, Statistics
from lockstep_parallel.executors.block_executor import BlockExecutor, Result
from lockstep_parallel.executors.turns import Turns, predecessors
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Crash, Driver, Task


class Dag(BlockExecutor):
    """Executes a block as one run of the driver, in which transactions wait for each other."""

    name = "dag"

    def run(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Run all transactions and return the results in block order.

        In an atomic block they end with the lowest failure: what ran beyond it is not told.
        """
        atomic = block.policy is Policy.ATOMIC
        turns = Turns(predecessors(self.access_lists(block, state)), final=atomic)
        tasks = [
            Task(index, self.in_turn(index, envelope, turns, state))
            for index, envelope in enumerate(block.transactions)
        ]
        results: list[Result] = []
        ended = driver.run(tasks, self.workers)
        executions = sum(each is not None for each in ended)
        state.statistics = Statistics(executions=executions, batches=1)
        for result in ended:
            assert result is not None, "a transaction was spared that no failure precedes"
            results.append(result)
            if atomic and result is not Code.SUCCESS:
                break
        return results

    async def in_turn(
        self, index: int, envelope: Envelope, turns: Turns, state: BlockState
    ) -> Result | None:
        """Run one transaction in its turn; None if it was spared.

        A crash ends here: were it left to the driver, those that follow would wait for ever.
        """
        result: Result | None = None
        if not self.spares(index, await turns.wait(index)):
            try:
                result = await self.transaction(envelope, state)
            except Exception as error:
                result = Crash.of(index, error)
            if result is not Code.SUCCESS:
                await turns.fail(index)
        await turns.end(index)
        return result

    def spares(self, index: int, failed: int) -> bool:
        """Tell whether a transaction need not run, given the lowest failure ``failed`` so far.

        Only one before it counts. That one saw what it sees in sequential order unless another
        before it has failed, so either way the block's lowest failure is at ``failed`` or below,
        and nothing beyond it is told, even while transactions before ``failed`` still run.
        """
        return failed < index
