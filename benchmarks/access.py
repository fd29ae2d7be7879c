"""What each access mode costs: reads, a block, the block after a merge, and memory."""

from __future__ import annotations

import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random

from benchmarks.cases import small_case
from benchmarks.rows import AtMost, Row, Topic
from benchmarks.timing import Timing, timed_together
from benchmarks.workloads import KEYED_HASH, block_of, numbered, rich_state
from lockstep.case.file import Setting
from lockstep.run.stores import open_stores
from lockstep.targets.named import open_steered
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import NATIVE
from lockstep_ledger.outcome import Changes, Code
from lockstep_ledger.storage.access import ACCESS_MODES, Access, open_access
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import Reader
from lockstep_ledger.storage.rocksdb import Database, RocksStorage
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Scheduled, lowest_first
from lockstep_parallel.steps.drivers.threads import Threads

NOTE = """\
The storage itself, without a mode, is what each row of a mode is to be held against. A cold cache
is that of a handle made for the measurement; a warm one has been read from before. A block has 100
one-output transfers between 200 of 20,000 accounts, by `batched` under the scheduled driver, lowest
task first, and once on real threads. "After a merge" executes the block each time after another
account's nonce was merged through the owner's handle; the merge is counted. Memory is what Python
allocates for the mode and for reading 4,000 balances in it, the owner's cache being warm."""

ACCOUNTS = 20_000
READ = 1000
HELD = 4000
CASES = 200
ITSELF = "storage itself"
NAMES = (ITSELF, *ACCESS_MODES)


def measure(_full: bool) -> Topic:
    """Measure the three modes beside the storage itself."""
    with _reopened() as rocks:
        rows = [
            *_reads(rocks),
            *_blocks(rocks),
            *_threaded_blocks(rocks),
            *_after_merges(rocks),
            *_memory(rocks),
        ]
    return Topic("Access modes", NOTE, (*rows, *_small_cases()))


def _access(name: str, storage: MemoryStorage | RocksStorage) -> Access:
    return Access(storage, storage) if name == ITSELF else open_access(name, storage)


def _reads(rocks: RocksStorage) -> Iterator[Row]:
    memory = MemoryStorage(rich_state(READ))
    sources: dict[str, Callable[[str], Callable[[], Reader]]] = {
        "memory": lambda name: _kept(_access(name, memory).reader),
        "RocksDB, warm cache": lambda name: _kept(_access(name, rocks).reader),
        "RocksDB, cold cache": lambda name: _cold(name, rocks),
    }
    for where, source in sources.items():
        timings = timed_together([(_reading(source(name)), READ) for name in NAMES], seconds=2.0)
        yield from _rows(f"a balance, {where}", timings, 1e6, "µs")


def _kept(reader: Reader) -> Callable[[], Reader]:
    return lambda: reader


def _cold(name: str, rocks: RocksStorage) -> Callable[[], Reader]:
    return lambda: _access(name, rocks.clone()).reader


def _reading(source: Callable[[], Reader]) -> Callable[[], None]:
    addresses = [numbered(index) for index in range(READ)]

    def run() -> None:
        balance = source().balance
        for address in addresses:
            balance(address, NATIVE)

    return run


def _blocks(rocks: RocksStorage) -> Iterator[Row]:
    warm = [(_executing(_kept(_access(name, rocks).reader), _scheduled), 1) for name in NAMES]
    yield from _rows(
        "block of 100, RocksDB, warm cache", timed_together(warm, seconds=3.0), 1e3, "ms"
    )
    cold = [(_executing(_cold(name, rocks), _scheduled), 1) for name in NAMES]
    yield from _rows(
        "block of 100, RocksDB, cold cache", timed_together(cold, seconds=3.0), 1e3, "ms"
    )


def _threaded_blocks(rocks: RocksStorage) -> Iterator[Row]:
    with Threads() as driver:
        actions = [
            (_executing(_kept(_access(name, rocks).reader), lambda: driver), 1) for name in NAMES
        ]
        timings = timed_together(actions, seconds=3.0)
    yield from _rows("block of 100 on 4 threads, RocksDB, warm cache", timings, 1e3, "ms")


def _scheduled() -> Driver:
    return Scheduled(lowest_first)


def _executing(source: Callable[[], Reader], driving: Callable[[], Driver]) -> Callable[[], None]:
    block, executor = _block(), Batched(KEYED_HASH)

    def run() -> None:
        outcome = executor.execute(block, source(), driving())
        assert all(receipt.code is Code.SUCCESS for receipt in outcome.receipts)

    return run


def _block() -> Block:
    drawn = Random(1).sample(range(READ), 200)
    return block_of(list(zip(drawn[:100], drawn[100:], strict=True)))


def _after_merges(rocks: RocksStorage) -> Iterator[Row]:
    topoheights, elsewhere = count(rocks.topoheight + 1), numbered(ACCOUNTS - 1)

    def action(name: str) -> Callable[[], None]:
        access = _access(name, rocks)
        execute = _executing(_kept(access.reader), _scheduled)

        def run() -> None:
            topoheight = next(topoheights)
            rocks.merge(Changes(modified_nonces={elsewhere: topoheight}), topoheight)
            execute()

        return run

    timings = timed_together([(action(name), 1) for name in NAMES], seconds=3.0)
    yield from _rows("block of 100 after a merge, RocksDB", timings, 1e3, "ms")


def _memory(rocks: RocksStorage) -> Iterator[Row]:
    addresses = [numbered(index) for index in range(HELD)]
    for address in addresses:
        rocks.balance(address, NATIVE)
    for name in ACCESS_MODES:
        tracemalloc.start()
        access = _access(name, rocks)
        for address in addresses:
            access.reader.balance(address, NATIVE)
        allocated, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        yield Row(f"memory, {name}", allocated / 2**10, "KiB")
        del access


def _small_cases() -> Iterator[Row]:
    cases = [small_case(number) for number in range(CASES)]
    with open_stores("memory") as stores:

        def action(mode: str) -> Callable[[], None]:
            lane = open_steered(Setting("batched", access=mode), stores)

            def run() -> None:
                for case in cases:
                    assert lane.run_sequential(case).verdict is Verdict.AGREE

            return run

        timings = timed_together([(action(mode), CASES) for mode in ACCESS_MODES], seconds=4.0)
    for mode, timing in zip(ACCESS_MODES, timings, strict=True):
        yield Row.of(f"small case, memory, {mode}", timing.times(1e6), "µs")
    cheapest = min(timing.lowest for timing in timings)
    share = timings[0].lowest / cheapest
    what = "fastest small case, memory, shared against the cheapest mode"
    yield Row(what, share, "x", target=AtMost(1.05))


def _rows(what: str, timings: list[Timing], factor: float, unit: str) -> Iterator[Row]:
    for name, timing in zip(NAMES, timings, strict=True):
        yield Row.of(f"{what}, {name}", timing.times(factor), unit)


@contextmanager
def _reopened() -> Iterator[RocksStorage]:
    """Give a store that is read from disk."""
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        with Database(Path(folder)) as database:
            number = database.new_namespace(rich_state(ACCOUNTS)).number
        with Database(Path(folder)) as database:
            yield database.namespace(number)
