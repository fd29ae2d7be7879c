"""How fast the oracle is, and how its cost grows with transactions and with stored accounts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from random import Random

from benchmarks.rows import AtLeast, AtMost, Row, Topic
from benchmarks.timing import timed_together
from benchmarks.workloads import KEYED_HASH, block_of, rich_state, ring
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Code, Outcome
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import Reader
from lockstep_ledger.storage.rocksdb import Database, RocksStorage
from lockstep_reference import block as reference

NOTE = """\
One-output native transfers under the `keyed-hash` scheme. Executing includes the check of every
signature; decoding and sealing envelopes is not included, for both executors are handed the
decoded block. The RocksDB databases are closed and opened again first, so that both sizes are
read from disk, and each block starts with an empty cache of values."""

SIZES = (20, 100, 500, 2000)
FEW, MANY = 400, 400_000
BLOCKS = 20
"""How many different blocks are taken in turn, so that no row only reads the same accounts."""


def measure(_full: bool) -> Topic:
    """Measure the reference executor."""
    few, many = rich_state(FEW), rich_state(MANY)
    rows = [*_by_transactions()]
    in_memory = [MemoryStorage(few), MemoryStorage(many)]
    rows += _by_accounts("memory", [lambda: in_memory[0], lambda: in_memory[1]])
    with _reopened(few) as one, _reopened(many) as other:
        rows += _by_accounts("RocksDB", [one.clone, other.clone])
    return Topic("Reference executor", NOTE, tuple(rows))


def _by_transactions() -> Iterator[Row]:
    storage = MemoryStorage(rich_state(8))
    blocks = [ring(size, 8) for size in SIZES]
    timings = timed_together(
        [(_executing([block], lambda: storage), len(block.transactions)) for block in blocks]
    )
    yield Row.of(
        f"transactions, blocks of {SIZES[0]} over 8 accounts, memory",
        timings[0].per_second(),
        "/s",
        AtLeast(40_000),
    )
    for size, timing in zip(SIZES, timings, strict=True):
        yield Row.of(f"time a transaction, blocks of {size}", timing.times(1e6), "µs")
    growth = timings[-1].median / timings[0].median
    what = f"time a transaction, blocks of {SIZES[-1]:,} against {SIZES[0]}"
    yield Row(what, growth, "x", target=AtMost(1.5))


def _by_accounts(name: str, sources: Sequence[Callable[[], Reader]]) -> Iterator[Row]:
    sizes = (FEW, MANY)
    timings = timed_together(
        [
            (_executing(_scattered(size), source), 1)
            for size, source in zip(sizes, sources, strict=True)
        ],
        seconds=4.0,
    )
    for size, timing in zip(sizes, timings, strict=True):
        what = f"block of 100 transactions, {size:,} accounts stored, {name}"
        yield Row.of(what, timing.times(1e3), "ms")
    growth = timings[1].median / timings[0].median
    yield Row(f"{MANY:,} accounts against {FEW:,}, {name}", growth, "x", target=AtMost(1.5))


def _executing(blocks: Sequence[Block], source: Callable[[], Reader]) -> Callable[[], Outcome]:
    """Return what executes the next of ``blocks``, having made sure that they succeed."""
    turn = cycle(blocks)

    def execute() -> Outcome:
        return reference.execute(next(turn), source(), KEYED_HASH)

    for _ in blocks:
        assert all(receipt.code is Code.SUCCESS for receipt in execute().receipts)
    return execute


def _scattered(accounts: int) -> list[Block]:
    """Return blocks of 100 transfers between 200 accounts drawn from all."""
    random = Random(accounts)
    drawn = (random.sample(range(accounts), 200) for _ in range(BLOCKS))
    return [block_of(list(zip(each[:100], each[100:], strict=True))) for each in drawn]


@contextmanager
def _reopened(state: State) -> Iterator[RocksStorage]:
    """Write ``state`` and open the database again, so that it is read from disk."""
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        with Database(Path(folder)) as database:
            number = database.new_namespace(state).number
        with Database(Path(folder)) as database:
            yield database.namespace(number)
