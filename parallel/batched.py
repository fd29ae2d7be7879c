"""The batched executor: contiguous runs of transactions that do not conflict, each in parallel.

Invariant: a batch holds no two conflicting transactions and starts only when the one before it has
ended, so every transaction reads what it would read in sequential order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ledger.block import Block
from ledger.model import Policy
from ledger.outcome import Statistics
from parallel.access import AccessList, Touched, conflict
from parallel.block_executor import BlockExecutor, Result, first_failure
from parallel.drivers.protocol import Driver, Task
from parallel.state import BlockState


class Batched(BlockExecutor):
    """Executes a block batch by batch."""

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
