"""A large block over a large store: how much memory it takes, and how long.

The work is done in a process of its own, which begins with the database closed, so that its peak
is what executing takes, not what building did.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks.rows import AtMost, Row, Topic
from benchmarks.workloads import KEYED_HASH, RICH, block_of, numbered, rich_state
from lockstep.targets.named import find_inside
from lockstep_ledger.model import NATIVE
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.storage.rocksdb import Database
from lockstep_parallel.steps.drivers.threads import Threads
from lockstep_reference import block as reference

ACCOUNTS, PORTION = 1_000_000, 50_000
TRANSACTIONS = 10_000
EXECUTORS = ("auto", "batched", "optimistic")

NOTE = f"""\
One block of {TRANSACTIONS:,} `keyed-hash` transfers between accounts drawn from {ACCOUNTS:,} in
RocksDB, executed with 2 workers and merged, each executor in a process of its own that opens the
database and compares the outcome with the reference's. The peak is of the whole process:
interpreter, libraries, signed block, database cache and both executions."""


def measure(_full: bool) -> Topic:
    """Build the store, then measure every executor on it."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        number = _build(Path(folder))
        for name in EXECUTORS:
            peak, seconds = _in_child(folder, number, name)
            rows.append(Row(f"peak memory, {name}", peak, "MiB", target=AtMost(1024)))
            rows.append(Row(f"executed and merged, {name}", seconds, "s"))
    return Topic("A large block over many accounts", NOTE, tuple(rows))


def _build(folder: Path) -> int:
    """Write the accounts in portions and return the number of their namespace."""
    with Database(folder) as database:
        store = database.new_namespace(rich_state(PORTION))
        for height, start in enumerate(range(PORTION, ACCOUNTS, PORTION), start=1):
            addresses = [numbered(each) for each in range(start, start + PORTION)]
            balances = {(address, NATIVE): RICH for address in addresses}
            changes = Changes(modified_balances=balances, created=frozenset(addresses))
            store.merge(changes, height)
        return store.number


def _in_child(folder: str, number: int, executor: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.scale", folder, str(number), executor]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    peak, seconds = json.loads(done.stdout)
    return peak, seconds


def _child(folder: str, number: int, executor: str) -> None:
    """Execute and merge one block, print the peak in MiB and the seconds, and take it back."""
    random = Random(1)
    block = block_of([_two(random) for _ in range(TRANSACTIONS)])
    with Database(Path(folder)) as database, Threads() as threads:
        store = database.namespace(number)
        expected = reference.execute(block, store.clone(), KEYED_HASH)
        target = find_inside(executor).build(KEYED_HASH, 2)
        before = store.topoheight

        def execute() -> Outcome:
            outcome = target.execute(block, store, threads)
            target.merge(outcome.changes, store, before + 1)
            return outcome

        outcome, seconds = _timed(execute)
        assert outcome == expected, f"{executor} differs from the reference"
        store.rewind(before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([peak, seconds]))  # noqa: T201 - what the parent reads


def _two(random: Random) -> tuple[int, int]:
    source, destination = random.sample(range(ACCOUNTS), 2)
    return source, destination


def _timed(action: Callable[[], Outcome]) -> tuple[Outcome, float]:
    started = time.perf_counter()
    outcome = action()
    return outcome, time.perf_counter() - started


if __name__ == "__main__":
    _child(sys.argv[1], int(sys.argv[2]), sys.argv[3])
