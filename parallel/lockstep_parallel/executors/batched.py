"""The batched executor: contiguous runs of transactions that do not conflict, each in parallel.

Invariant: a batch holds no two conflicting transactions and starts only when the one before it has
ended, so every transaction reads what it would read in sequential order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockstep_ledger.block import Block
from lockstep_ledger.model import Policy
from lockstep_ledger.outcome import Statistics
from lockstep_parallel.executors.block_executor import BlockExecutor, Result, first_failure
from lockstep_parallel.rules.access import AccessList, Touched, conflict
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Driver, Task


class Batched(BlockExecutor):
    """Executes a block in batches of transactions that do not conflict."""

    name = "batched"

    def run(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Run the batches and return the results in block order, up to where the policy stops."""
        results: list[Result] = []
        batches = 0
        for batch in self.batches(self.access_lists(block, state)):
            results += self.run_batch(batch, block, state, driver)
            batches += 1
            if block.policy is Policy.ATOMIC and first_failure(results) is not None:
                break
        state.statistics = Statistics(executions=len(results), batches=batches)
        return results

    def run_batch(
        self, batch: range, block: Block, state: BlockState, driver: Driver
    ) -> list[Result]:
        """Run the transactions of one batch side by side and return the results in order."""
        tasks = [Task(index, self.transaction(block.transactions[index], state)) for index in batch]
        return driver.run(tasks, self.workers)

    def batches(self, accesses: Sequence[AccessList]) -> Iterator[range]:
        """Cut the block where a transaction conflicts with one of the batch before it."""
        start = 0
        touched: set[Touched] = set()
        for index, access in enumerate(accesses):
            if conflict(touched, access):
                yield range(start, index)
                start, touched = index, set(access)
            else:
                touched |= access
        if accesses:
            yield range(start, len(accesses))
