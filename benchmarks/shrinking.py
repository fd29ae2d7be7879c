"""What shrinking costs: the first findings of the canary, from the failing case to the smallest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count, islice
from statistics import median

from benchmarks.cases import mixed_case
from benchmarks.rows import Row, Topic
from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.findings.by_schedule import shrink
from lockstep.run.stores import open_stores
from lockstep.targets.named import open_steered
from lockstep.targets.steered import SteeredLane

NOTE = """\
The first failing cases that a campaign meets with the `canary` (an executor that never debits),
each shrunk in memory; the lowest and the highest are those of different cases."""

FINDINGS = 15


def measure(_full: bool) -> Topic:
    """Shrink the canary's first findings."""
    with open_stores("memory") as stores, open_steered(Setting("canary"), stores) as lane:
        shrunk = [_shrink(case, lane) for case in islice(_failing(lane), FINDINGS)]
    milliseconds, executions, before, after = (list(column) for column in zip(*shrunk, strict=True))
    rows = (
        _row("time to shrink", milliseconds, "ms"),
        _row("executions", executions, ""),
        _row("transactions before", before, ""),
        _row("transactions after", after, ""),
    )
    return Topic("Shrinking", NOTE, rows)


def _failing(lane: SteeredLane) -> Iterator[Case]:
    for number in count():
        case = mixed_case(number)
        if lane.run_sequential(case).verdict.is_failure:
            yield case


def _shrink(case: Case, lane: SteeredLane) -> tuple[float, float, float, float]:
    """Return milliseconds, executions, and the transactions before and after."""
    run = lane.run_sequential(case)
    started = time.perf_counter()
    reduced = shrink(case, run, lane)
    milliseconds = (time.perf_counter() - started) * 1e3
    return milliseconds, reduced.executions, case.transactions(), reduced.case.transactions()


def _row(what: str, values: list[float], unit: str) -> Row:
    return Row(what, median(values), unit, (min(values), max(values)))
