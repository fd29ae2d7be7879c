"""The optimistic executor: workers run transactions speculatively, validate them, run them again.

The tasks are the workers. Each takes one assignment after another from the scheduler: execute an
incarnation, or validate one.
Invariant: when the workers have ended, every transaction's last incarnation has read what it would
read in sequential order. Source: Block-STM (Gelashvili et al., PPoPP 2023), algorithm 1.
"""

from __future__ import annotations

from typing import ClassVar

from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Statistics
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.executors.optimistic.chain import Estimate, Version
from lockstep_parallel.executors.optimistic.memory import Executed
from lockstep_parallel.executors.optimistic.progress import (
    Assignment,
    Execute,
    Progress,
    Status,
    Validate,
)
from lockstep_parallel.executors.optimistic.scheduler import Scheduler
from lockstep_parallel.executors.optimistic.speculative import Speculative, Work
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM, Crash, Driver, Task


class Optimistic(Speculative):
    """Executes a block speculatively: at once, validated, and again where that was wrong."""

    name = "optimistic"
    progress_class: ClassVar[type[Progress]] = Progress

    def run(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Run the transactions and return the results in block order, up to a failure if atomic."""
        work = self.work(block, state)
        count = len(block.transactions)
        progress = self.progress_class(count, work.retries)
        scheduler = Scheduler(progress)
        workers = [
            Task(WORKERS_FROM + number, self.worker(work, scheduler))
            for number in range(min(self.workers, count))
        ]
        broken = [each for each in driver.run(workers, len(workers)) if isinstance(each, Crash)]
        assert not broken, f"a worker ended: {broken[0].error}"
        if progress.stopped:
            return self.run_in_order(block, state, driver)
        aborts = sum(progress.incarnations)
        state.statistics = Statistics(count + aborts, aborts, batches=1)
        assert set(progress.statuses) <= {Status.EXECUTED}, "a transaction was left out"
        return self.settle(work, state)

    async def worker(self, work: Work, scheduler: Scheduler) -> None:
        """Do what the scheduler assigns until all is done."""
        try:
            assignment = await scheduler.take()
            while assignment is not None:
                assignment = await self.do(assignment, work, scheduler) or await scheduler.take()
        except Exception:
            # The others would wait for what this worker had under way.
            await scheduler.stop()
            raise

    async def do(
        self, assignment: Assignment, work: Work, scheduler: Scheduler
    ) -> Assignment | None:
        """Carry out one assignment and return what follows from it for this worker."""
        match assignment:
            case Execute(version):
                return await self.execute_speculatively(version, work, scheduler)
            case Validate(version):
                return await self.validate(version, work, scheduler)

    async def execute_speculatively(
        self, version: Version, work: Work, scheduler: Scheduler
    ) -> Assignment | None:
        """Run one incarnation and publish what it wrote, or leave it to wait for another."""
        met: Version | None = None
        while True:
            match await self.incarnation(version.transaction, work):
                case Executed() as record:
                    wider = await work.memory.publish(version, record)
                    return await scheduler.executed(version, wider)
                case Estimate(estimate):
                    assert estimate != met, "an estimate outlived the incarnation after it"
                    if await scheduler.wait(version, estimate.transaction):
                        return None
                    met = estimate

    async def validate(
        self, version: Version, work: Work, scheduler: Scheduler
    ) -> Assignment | None:
        """Check one incarnation's reads; if they no longer hold, abort it."""
        memory = work.memory
        record = await memory.records.get(version.transaction, "record")
        assert record is not None, "what is validated has been executed"
        if await memory.validate(version.transaction, record):
            await scheduler.valid()
            return None
        if not await scheduler.abort(version):
            return None
        await memory.abort(version, record)
        return await scheduler.retry(version.transaction)
