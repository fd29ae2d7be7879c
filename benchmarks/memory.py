"""Whether a long campaign keeps its memory: resident size after many cases, in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import psutil

from benchmarks.cases import CHUNK, PLAN
from benchmarks.rows import AtMost, Row, Topic
from lockstep.campaign.work import result_of
from lockstep.campaign.worker import Worker

QUICK = (2_000, 4_000, 6_000)
FULL = (10_000, 50_000, 100_000)

NOTE = """\
The resident size of a process of its own that runs a campaign of `batched` on one core.
{mode}"""
QUICK_MODE = """\
**Quick mode**: far fewer cases than the target speaks of; `python -m benchmarks --full` runs
100,000. RocksDB fills its write buffer of 8 MiB during the first thousands of cases."""
FULL_MODE = "Full mode: 100,000 cases."


def measure(full: bool) -> Topic:
    """Measure the growth on both storages."""
    marks = FULL if full else QUICK
    rows: list[Row] = []
    for storage, name in (("memory", "memory"), ("rocksdb", "RocksDB")):
        sizes = _sizes(storage, marks)
        for mark, size in zip(marks, sizes, strict=True):
            rows.append(Row(f"after {mark:,} cases, {name}", size / 2**20, "MiB"))
        what = f"after {marks[-1]:,} cases against {marks[0]:,}, {name}"
        rows.append(Row(what, sizes[-1] / sizes[0], "x", target=AtMost(1.1)))
    return Topic("Memory", NOTE.format(mode=FULL_MODE if full else QUICK_MODE), tuple(rows))


def _sizes(storage: str, marks: tuple[int, ...]) -> list[int]:
    command = [sys.executable, "-m", "benchmarks.memory", storage, *map(str, marks)]
    finished = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ourselves
    sizes: list[int] = json.loads(finished.stdout)
    return sizes


def _run(storage: str, marks: list[int]) -> list[int]:
    """Run cases up to the last mark and return the resident size in bytes at each."""
    process, sizes = psutil.Process(), []
    bench = Worker(replace(PLAN, storage=storage), "main")
    for start, stop in pairwise([0, *marks]):
        for number in range(start, stop, CHUNK):
            result_of(bench.do(number, CHUNK))
        sizes.append(process.memory_info().rss)
    bench.close()
    return sizes


if __name__ == "__main__":
    _, storage_name, *mark_words = sys.argv
    sys.stdout.write(json.dumps(_run(storage_name, [int(word) for word in mark_words])))
