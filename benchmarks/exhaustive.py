"""What executing every trace of a block costs."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.rows import AtMost, Row, Topic
from benchmarks.timing import timed_together
from benchmarks.workloads import KEYED_HASH, block_of, rich_state
from lockstep.schedules.dpor import Exhaustive, Redundant
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_mutants.races import DestinationsMissing
from lockstep_parallel.steps.drivers.scheduled import Scheduled

NOTE = """\
All traces of one block by dynamic partial-order reduction, on the executor
`lockstep_mutants.races:DestinationsMissing`, which puts transfers that conflict into one batch: a
chain of transfers, each paying the source of the next, so that every transfer conflicts with the
one before it."""


def measure(_full: bool) -> Topic:
    """Measure chains with one, two and three conflicts."""
    chains = (2, 3, 4)
    timings = timed_together([(_exhausting(length), 1) for length in chains])
    rows = [
        Row.of(
            f"every trace, {length - 1} conflicts ({_traces(length)} traces)",
            each.times(1e3),
            "ms",
            AtMost(10) if length == 3 else None,
        )
        for length, each in zip(chains, timings, strict=True)
    ]
    return Topic("Exhaustive search", NOTE, tuple(rows))


def _exhausting(transactions: int) -> Callable[[], object]:
    return lambda: _exhaust(transactions)


def _traces(transactions: int) -> int:
    return _exhaust(transactions).finished


def _exhaust(transactions: int) -> Exhaustive:
    storage = MemoryStorage(rich_state(transactions + 1))
    block = block_of([(each, each + 1) for each in range(transactions)])
    executor = DestinationsMissing(KEYED_HASH)
    search = Exhaustive()
    for choose in search.executions():
        try:
            executor.execute(block, storage, Scheduled(choose))
        except Redundant:
            continue
    return search
