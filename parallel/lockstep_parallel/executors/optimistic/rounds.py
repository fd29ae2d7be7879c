"""The optimistic executor at transaction level: rounds of incarnations, validated between them.

Here the tasks are the transactions. A round runs all that are not valid, side by side, each once;
then, when no task runs, all are validated in block order, and what those that no longer hold had
written becomes an estimate for the next round. There is no scheduler whose steps a schedule could
choose, so far fewer interleavings show all that the memory can do.
Invariant: after a round the lowest transaction that it ran is valid, and stays so; so there are at
most as many rounds as transactions.
"""

from __future__ import annotations

from collections.abc import Collection

from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Statistics
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.executors.optimistic.chain import Estimate, Version
from lockstep_parallel.executors.optimistic.speculative import Speculative, Work
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Crash, Driver, Task


class OptimisticByRounds(Speculative):
    """Executes a block in rounds, every transaction a task of its own in each."""

    name = "optimistic-rounds"

    def run(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Run rounds until all is valid and return the results in block order."""
        work = self.work(block, state)
        pending = list(range(len(block.transactions)))
        incarnation = executions = 0
        while pending:
            if incarnation > work.retries:
                return self.run_in_order(block, state, driver)
            executions += len(pending)
            versions = [Version(index, incarnation) for index in pending]
            postponed = self.round(versions, work, driver)
            pending = self.invalid(versions[0], postponed, work)
            incarnation += 1
        aborts = executions - len(block.transactions)
        state.statistics = Statistics(executions, aborts, batches=incarnation)
        return self.settle(work, state)

    def round(self, versions: list[Version], work: Work, driver: Driver) -> set[int]:
        """Run one incarnation of each and return the transactions that came upon an estimate."""
        tasks = [Task(each.transaction, self.turn(each, work)) for each in versions]
        ended = driver.run(tasks, self.workers)
        broken = [each for each in ended if isinstance(each, Crash)]
        assert not broken, f"an incarnation ended: {broken[0].error}"
        return {
            version.transaction
            for version, published in zip(versions, ended, strict=True)
            if not published
        }

    async def turn(self, version: Version, work: Work) -> bool:
        """Run one incarnation; False if it came upon an estimate and is left to the next round."""
        record = await self.incarnation(version.transaction, work)
        if isinstance(record, Estimate):
            return False
        await work.memory.publish(version, record)
        return True

    def invalid(self, lowest: Version, postponed: Collection[int], work: Work) -> list[int]:
        """Return what has to run again, its writes turned into estimates; runs alone.

        What lies below the ``lowest`` transaction of the round cannot have changed.
        """
        found = []
        for index in range(lowest.transaction, len(work.block.transactions)):
            record = work.memory.records.values.get(index)
            if index in postponed or record is None or not work.memory.holds(index, record):
                found.append(index)
                if record is not None:
                    work.memory.mark(Version(index, lowest.incarnation), record.writes)
        assert lowest.transaction not in found, "what read only what is final holds"
        return found
