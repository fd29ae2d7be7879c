"""How an executor's time a transaction grows with the block: large and small ones in turns."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.executors import ACCOUNTS, LARGE
from benchmarks.rows import AtMost, Row, Topic
from benchmarks.timing import Timing, elapsed
from lockstep.bench.workloads import WORKLOADS, workload
from lockstep.run.stores import MemoryStores
from lockstep.targets.named import find_inside
from lockstep_ledger.outcome import Code
from lockstep_ledger.schemes import SCHEMES
from lockstep_parallel.steps.drivers.threads import Threads

SCHEME = "schnorr"
FEW, MANY = 100, 10_000
SMALL_BLOCKS = 20
"""Small blocks timed before a large one, and again after it."""
ROUNDS = 3

NOTE = f"""\
A block of {MANY:,} transactions beside blocks of {FEW}, `{SCHEME}`, over {ACCOUNTS:,} accounts in
memory, 2 workers. Each of {ROUNDS} rounds times {SMALL_BLOCKS} small blocks, the large one, and the
small ones again: the machine's clock changes too much in the minutes between two separate tables.
The ratio is the time a transaction of the large block over that of the small ones."""


def measure(_full: bool) -> Topic:
    """Measure the growth of every executor that is timed on the largest blocks."""
    growths = {name: [(each, _growth(name, each)) for each in WORKLOADS] for name in LARGE}
    return Topic("Executors, growth", NOTE, tuple(_rows(growths)))


def _rows(growths: dict[str, list[tuple[str, Timing]]]) -> Iterator[Row]:
    for name, measured in growths.items():
        for workload_name, growth in measured:
            what = f"{name}, {workload_name}: time a transaction, {MANY:,} against {FEW}"
            yield Row.of(what, growth, "x", AtMost(1.2))


def _growth(executor: str, name: str) -> Timing:
    few, many = (workload(name, count, ACCOUNTS, SCHEME, "bench") for count in (FEW, MANY))
    assert few.state == many.state, "both blocks are executed on one state"
    built = find_inside(executor).build(SCHEMES[SCHEME], 2)
    with Threads() as threads, MemoryStores().holding(many.state) as storage:
        small, large = (
            partial(built.execute, each.block, storage, threads) for each in (few, many)
        )
        for action in small, large:
            assert {each.code for each in action().receipts} == {Code.SUCCESS}
        gc.collect()
        gc.disable()
        try:
            return Timing.of([_ratio(small, large) for _ in range(ROUNDS)])
        finally:
            gc.enable()


def _ratio(small: Callable[[], object], large: Callable[[], object]) -> float:
    before = elapsed(small, SMALL_BLOCKS)
    once = elapsed(large, 1)
    after = elapsed(small, SMALL_BLOCKS)
    return (once / MANY) / ((before + after) / (2 * SMALL_BLOCKS * FEW))
