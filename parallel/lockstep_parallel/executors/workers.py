"""The batched executor at worker level: its own queue is shared state like any other.

Here the tasks are the workers, and taking the next transaction from the queue is an announced step,
so a schedule decides which worker gets which transaction and when.
Invariant: every transaction of a batch is taken by exactly one worker.
"""

from __future__ import annotations

from lockstep_ledger.block import Block
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM, Crash, Driver, Task
from lockstep_parallel.steps.tables import Cell, Table


class BatchedByWorkers(Batched):
    """Executes like ``Batched``, each batch through a queue that its workers share."""

    name = "batched-workers"

    def run_batch(
        self, batch: range, block: Block, state: BlockState, driver: Driver
    ) -> list[Result]:
        """Let the workers empty the queue of one batch."""
        queue = Cell("queue", batch.start)
        results: Table[int, Result] = Table("result")
        count = min(self.workers, len(batch))
        workers = [
            Task(WORKERS_FROM + number, self.worker(batch, block, state, queue, results))
            for number in range(count)
        ]
        ended = driver.run(workers, count)
        broken = [each for each in ended if isinstance(each, Crash)]
        assert not broken, f"a worker ended: {broken[0].error}"
        return [results.values[index] for index in batch]

    async def worker(
        self,
        batch: range,
        block: Block,
        state: BlockState,
        queue: Cell[int],
        results: Table[int, Result],
    ) -> None:
        """Take transactions until the queue is empty; a crash is the transaction's result."""
        while (index := await self.take(queue)) < batch.stop:
            try:
                result: Result = await self.transaction(block.transactions[index], state)
            except Exception as error:
                result = Crash.of(index, error)
            await results.put(index, result, "result")

    async def take(self, queue: Cell[int]) -> int:
        """Return the next index and move the queue on, in one step."""
        return await queue.update(lambda index: index + 1, "take") - 1
