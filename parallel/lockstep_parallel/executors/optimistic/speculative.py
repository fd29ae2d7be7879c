"""What optimistic executors have in common: incarnations over a multi-version memory.

Nothing reaches the block's state before every transaction's reads are known to hold. If some
transaction does not come to that, the block is executed one transaction after another instead.
Invariant: an incarnation touches the memory alone, and its result is worth what its reads are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep_ledger.block import Block
from lockstep_ledger.model import Policy
from lockstep_ledger.outcome import Code, Statistics
from lockstep_ledger.signatures import Scheme
from lockstep_parallel.executors.block_executor import BlockExecutor, Result, first_failure
from lockstep_parallel.executors.optimistic.chain import Estimate
from lockstep_parallel.executors.optimistic.memory import Executed, Memory
from lockstep_parallel.executors.optimistic.view import Dependency, Speculation
from lockstep_parallel.rules.access import burns_cannot_overflow
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Crash, Driver, Task
from lockstep_parallel.steps.watch import UnannouncedAccess


@dataclass(frozen=True, slots=True)
class Work:
    """What the tasks of one block share; ``retries`` bounds the aborts of one transaction."""

    block: Block
    rules: Rules
    memory: Memory
    burns_commute: bool
    retries: int


class Speculative(BlockExecutor):
    """Runs incarnations; a subclass says when, and when they are validated.

    ``retries`` bounds how often a transaction is aborted before the executor gives up and executes
    the block in order; twice the number of transactions if not given.
    """

    memory_class: ClassVar[type[Memory]] = Memory
    speculation_class: ClassVar[type[Speculation]] = Speculation

    def __init__(self, scheme: Scheme, workers: int = 4, retries: int | None = None) -> None:
        super().__init__(scheme, workers)
        self.retries = retries

    def work(self, block: Block, state: BlockState) -> Work:
        """Return what the tasks of ``block`` share."""
        return Work(
            block,
            state.rules or self.rules,
            self.memory_class(state),
            burns_cannot_overflow(block.transactions, state.original_burned),
            2 * len(block.transactions) if self.retries is None else self.retries,
        )

    async def incarnation(self, index: int, work: Work) -> Executed | Estimate:
        """Run the rules; what they raise on reads that may not hold is a result as well.

        Return the estimate that they came upon, if they did.
        """
        view = self.speculation_class(work.memory, index, work.burns_commute)
        overlay = self.overlay_class(view)
        try:
            result: Result = await work.rules.execute(work.block.transactions[index], overlay)
        except Dependency as dependency:
            return dependency.estimate
        except UnannouncedAccess:
            raise
        except Exception as error:
            result = Crash.of(index, error)
        return self.record(view, overlay, result)

    def record(self, view: Speculation, overlay: Overlay, result: Result) -> Executed:
        """Describe a finished incarnation; without success it has reads and no writes."""
        if result is not Code.SUCCESS:
            return Executed(result, view.reads, {})
        return Executed(result, view.reads, view.writes(overlay), view.uncounted(overlay))

    def run_in_order(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Run the block on the state that no speculation has touched."""
        results: list[Result] = []
        for index, envelope in enumerate(block.transactions):
            results += driver.run([Task(index, self.transaction(envelope, state))], 1)
            if block.policy is Policy.ATOMIC and results[-1] is not Code.SUCCESS:
                break
        state.statistics = Statistics(
            executions=len(results), fallback="a transaction was aborted too often"
        )
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
