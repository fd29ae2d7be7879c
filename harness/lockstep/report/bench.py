"""The results of a contest as rows: for the terminal, for a document, for a file of numbers."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from typing import Literal

from rich.table import Table

from lockstep.bench.contest import Result, Timed
from lockstep.report.cells import cells
from lockstep_parallel.steps.machine import gil_is_on

HEADINGS = (
    "workload",
    "transactions",
    "executor",
    "workers",
    "tx/s",
    "ratio",
    "efficiency",
    "re-executions",
    "batches",
    "fallback",
)


def interpreter() -> str:
    """Name the interpreter and whether its lock is on: no figure means anything without."""
    lock = "on" if gil_is_on() else "off"
    return f"{platform.python_implementation()} {platform.python_version()}, GIL {lock}"


def rows(result: Result) -> Iterator[tuple[str, ...]]:
    """Yield the reference's row, then everybody's."""
    start = result.workload, f"{result.transactions:,}"
    yield (*start, "reference", "1", f"{result.transactions / result.reference:,.0f}", "1.00")
    for each in result.timed:
        yield (*start, each.entrant.executor, str(each.entrant.workers), *_cells(each, result))


def _cells(timed: Timed, result: Result) -> tuple[str, ...]:
    if timed.differences:
        return ("differs",)
    statistics = timed.statistics
    return (
        f"{result.transactions / timed.seconds:,.0f}",
        f"{timed.ratio:.2f}",
        f"{timed.efficiency:.0%}",
        str(statistics.aborts),
        str(statistics.batches),
        statistics.fallback,
    )


def table(results: Sequence[Result]) -> Table:
    """Return the results as a table for the terminal."""
    made = Table()
    for heading in HEADINGS:
        justify: Literal["left", "right"] = "left" if heading in _WORDS else "right"
        made.add_column(heading, justify=justify, no_wrap=True)
    for result in results:
        for row in rows(result):
            made.add_row(*cells(*row))
        made.add_section()
    return made


_WORDS = frozenset({"workload", "executor", "fallback"})


def complaints(results: Sequence[Result]) -> Iterator[str]:
    """Say of everybody who was not timed where the first difference is."""
    for result in results:
        for each in result.timed:
            for difference in each.differences[:1]:
                yield f"{each.entrant.executor} differs on {result.workload}: {difference}"


def document(results: Sequence[Result]) -> dict[str, object]:
    """Return everything that was measured, to be written as JSON."""
    return {
        "interpreter": interpreter(),
        "platform": sys.platform,
        "results": [
            {
                "workload": result.workload,
                "transactions": result.transactions,
                "reference_seconds": result.reference,
                "deciding_seconds": result.bound.deciding,
                "longest_row": result.bound.longest,
                "executors": [_entry(each) for each in result.timed],
            }
            for result in results
        ],
    }


def _entry(timed: Timed) -> dict[str, object]:
    statistics = timed.statistics
    return {
        "executor": timed.entrant.executor,
        "workers": timed.entrant.workers,
        "seconds": timed.seconds,
        "ratio": timed.ratio,
        "efficiency": timed.efficiency,
        "executions": statistics.executions,
        "aborts": statistics.aborts,
        "batches": statistics.batches,
        "fallback": statistics.fallback,
        "differences": [str(each) for each in timed.differences],
    }
