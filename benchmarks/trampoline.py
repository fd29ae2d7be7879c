"""What the scheduled driver costs a step, and how many schedules a second it explores."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from benchmarks.rows import AtLeast, Row, Topic
from benchmarks.timing import timed_together
from benchmarks.workloads import KEYED_HASH, apart, rich_state
from lockstep.schedules.random_walk import RandomWalk
from lockstep_ledger.outcome import Code
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Task
from lockstep_parallel.steps.drivers.scheduled import Choose, Scheduled, lowest_first
from lockstep_parallel.steps.tables import Cell

NOTE = """\
Steps: 4 tasks of 10 announced reads of one cell, with the trace recorded. Executions: one block of
transfers that share no account, so that one batch holds them all, by `batched` from memory under a
random walk; sealed beforehand, neither compared nor merged."""

TASKS, STEPS = 4, 10


def measure(_full: bool) -> Topic:
    """Measure steps and whole executions."""
    walk = RandomWalk(Random(1))
    steps = TASKS * STEPS
    lowest, random = timed_together([(_toy(lowest_first), steps), (_toy(walk), steps)])
    sizes = (2, 3, 4)
    executions = timed_together([(_executing(size, walk), 1) for size in sizes])
    target = AtLeast(300_000)
    rows = [
        Row.of("steps, lowest task first", lowest.per_second(), "/s", target),
        Row.of("steps, random walk", random.per_second(), "/s", target),
    ]
    rows += (
        Row.of(f"executions, {size} transactions", each.per_second(), "/s", AtLeast(5_000))
        for size, each in zip(sizes, executions, strict=True)
    )
    return Topic("Scheduled driver", NOTE, tuple(rows))


def _toy(choose: Choose) -> Callable[[], None]:
    async def body(cell: Cell[int]) -> int:
        for _ in range(STEPS):
            await cell.read("read")
        return STEPS

    def run() -> None:
        cell = Cell("cell", 0)
        driver = Scheduled(choose)
        driver.run([Task(index, body(cell)) for index in range(TASKS)], TASKS)
        assert len(driver.trace) == TASKS * STEPS

    return run


def _executing(transactions: int, choose: Choose) -> Callable[[], None]:
    storage = MemoryStorage(rich_state(2 * transactions))
    block, executor = apart(transactions), Batched(KEYED_HASH)

    def run() -> None:
        outcome = executor.execute(block, storage, Scheduled(choose))
        assert all(receipt.code is Code.SUCCESS for receipt in outcome.receipts)

    return run
