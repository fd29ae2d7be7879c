"""The optimistic executor: workers run transactions speculatively, validate them, run them again.

The tasks are the workers. Each takes one assignment after another from the scheduler: execute an
incarnation, or validate one. Nothing reaches the block's state before all are validated; if some
transaction is aborted too often, the block is executed one transaction after another instead.
Invariant: when the workers have ended, every transaction's last incarnation has read what it would
read in sequential order. Source: Block-STM (Gelashvili et al., PPoPP 2023), algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ledger.block import Block
from ledger.model import Policy
from ledger.outcome import Code
from ledger.signatures import Scheme
from parallel.access import burns_cannot_overflow
from parallel.audit import UnannouncedAccess
from parallel.block_executor import BlockExecutor, Result, first_failure
from parallel.drivers.protocol import WORKERS_FROM, Crash, Driver, Task
from parallel.optimistic.chain import Version
from parallel.optimistic.memory import Memory, Record
from parallel.optimistic.progress import Assignment, Execute, Progress, Status, Validate
from parallel.optimistic.scheduler import Scheduler
from parallel.optimistic.view import Dependency, Speculation
from parallel.overlay import Overlay
from parallel.state import BlockState


@dataclass(frozen=True, slots=True)
class Work:
    """What the workers of one block share."""

    block: Block
    memory: Memory
    scheduler: Scheduler
    burns_commute: bool


class Optimistic(BlockExecutor):
    """Executes a block speculatively on up to ``workers`` workers.

    ``retries`` bounds how often a transaction is aborted before the executor gives up and executes
    the block in order; twice the number of transactions if not given.
    """

    name = "optimistic"
    memory_class: ClassVar[type[Memory]] = Memory
    progress_class: ClassVar[type[Progress]] = Progress
    speculation_class: ClassVar[type[Speculation]] = Speculation

    def __init__(self, scheme: Scheme, workers: int = 4, retries: int | None = None) -> None:
        super().__init__(scheme, workers)
        self.retries = retries

    def run(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Run the transactions and return the results in block order, up to a failure if atomic."""
        count = len(block.transactions)
        retries = 2 * count if self.retries is None else self.retries
        progress = self.progress_class(count, retries)
        work = Work(
            block,
            self.memory_class(state),
            Scheduler(progress),
            burns_cannot_overflow(block.transactions, state.original_burned),
        )
        workers = [
            Task(WORKERS_FROM + number, self.worker(work))
            for number in range(min(self.workers, count))
        ]
        broken = [each for each in driver.run(workers, len(workers)) if isinstance(each, Crash)]
        assert not broken, f"a worker ended: {broken[0].error}"
        if progress.stopped:
            return self.run_in_order(block, state, driver)
        assert set(progress.statuses) <= {Status.EXECUTED}, "a transaction was left out"
        return self.settle(work, state)

    def run_in_order(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Run the block on the state that no speculation has touched."""
        results: list[Result] = []
        for index, envelope in enumerate(block.transactions):
            results += driver.run([Task(index, self.transaction(envelope, state))], 1)
            if block.policy is Policy.ATOMIC and results[-1] is not Code.SUCCESS:
                break
        return results

    def settle(self, work: Work, state: BlockState) -> list[Result]:
        """Write what the transactions did to ``state`` and return their results."""
        records = [
            work.memory.records.values[index] for index in range(len(work.block.transactions))
        ]
        work.memory.settle()
        state.burned.value += sum(record.burned for record in records)
        results = [record.result for record in records]
        failure = first_failure(results) if work.block.policy is Policy.ATOMIC else None
        # What comes after the failure was only ever speculation, its crashes included.
        return results if failure is None else results[: failure + 1]

    async def worker(self, work: Work) -> None:
        """Do what the scheduler assigns until all is done."""
        try:
            assignment = await work.scheduler.take()
            while assignment is not None:
                assignment = await self.do(assignment, work) or await work.scheduler.take()
        except Exception:
            # The others would wait for what this worker had under way.
            await work.scheduler.stop()
            raise

    async def do(self, assignment: Assignment, work: Work) -> Assignment | None:
        """Carry out one assignment and return what follows from it for this worker."""
        match assignment:
            case Execute(version):
                return await self.execute_speculatively(version, work)
            case Validate(version):
                return await self.validate(version, work)

    async def execute_speculatively(self, version: Version, work: Work) -> Assignment | None:
        """Run one incarnation and publish what it wrote, or wait for what it depends on."""
        view = self.speculation_class(work.memory, version.transaction, work.burns_commute)
        overlay = self.overlay_class(view)
        try:
            result = await self.attempt(version.transaction, overlay, work.block)
        except Dependency as dependency:
            return await work.scheduler.wait(version, dependency.index)
        record = self.record(view, overlay, result)
        wider = await work.memory.publish(version, record)
        return await work.scheduler.executed(version, wider)

    async def attempt(self, index: int, overlay: Overlay, block: Block) -> Result:
        """Run the rules; what they raise on reads that may not hold is a result as well."""
        try:
            return await self.rules.execute(block.transactions[index], overlay)
        except (Dependency, UnannouncedAccess):
            raise
        except Exception as error:
            return Crash.of(index, error)

    def record(self, view: Speculation, overlay: Overlay, result: Result) -> Record:
        """Describe a finished incarnation; without success it has reads and no writes."""
        if result is not Code.SUCCESS:
            return Record(result, view.reads, {})
        return Record(result, view.reads, view.writes(overlay), view.uncounted(overlay))

    async def validate(self, version: Version, work: Work) -> Assignment | None:
        """Check one incarnation's reads; if they no longer hold, abort it."""
        scheduler, memory = work.scheduler, work.memory
        record = await memory.records.get(version.transaction, "record")
        assert record is not None, "what is validated has been executed"
        if await memory.validate(version.transaction, record):
            await scheduler.valid()
            return None
        if not await scheduler.abort(version):
            return None
        await memory.abort(version, record)
        return await scheduler.retry(version.transaction)
