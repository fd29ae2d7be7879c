"""Runs the benchmarks, prints each table as it is done and writes ``benchmarks/README.md``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks import (
    access,
    cases,
    executors,
    exhaustive,
    generation,
    growth,
    memory,
    outside,
    races,
    reference,
    scale,
    shrinking,
    signatures,
    trampoline,
)
from benchmarks.document import document, replaced
from benchmarks.machine import facts
from benchmarks.rows import Topic

README = Path(__file__).parent / "README.md"

TOPICS: Mapping[str, Callable[[bool], Topic | tuple[Topic, ...]]] = {
    "reference": reference.measure,
    "cases": cases.measure,
    "trampoline": trampoline.measure,
    "exhaustive": exhaustive.measure,
    "signatures": signatures.measure,
    "generation": generation.measure,
    "shrinking": shrinking.measure,
    "races": races.measure,
    "memory": memory.measure,
    "access": access.measure,
    "executors": executors.measure,
    "growth": growth.measure,
    "outside": outside.measure,
    "scale": scale.measure,
}

HEAD = """\
# Benchmarks

Written by `python -m benchmarks{full}`; a later run replaces it. `--write NAMES` replaces the
sections of the topics named, which then hold for another moment than the rest. Values are medians
of repeated runs after a warm-up, times by the wall clock, on one core unless a row says otherwise.
No test asserts them: they hold for the machine below, and only if nothing else ran on it.
"""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(tuple(TOPICS)))
@click.option("--write", is_flag=True, help="Replace the sections of NAMES in the README.")
@click.option("--full", is_flag=True, help="Run 100,000 cases to measure memory (many minutes).")
def main(names: tuple[str, ...], full: bool, write: bool) -> None:
    """Measure everything, or only the topics NAMES, which leaves the README as it is."""
    machine, started = tuple(facts()), time.monotonic()
    console = Console()
    for name, fact in machine:
        console.print(f"{name}: {fact}", highlight=False)
    topics: list[Topic] = []
    for name in names or TOPICS:
        measured = TOPICS[name](full)
        found = (measured,) if isinstance(measured, Topic) else measured
        topics += found
        for topic in found:
            console.print(_table(topic))
    console.print(f"{time.monotonic() - started:.0f} s")
    if not names:
        head = HEAD.format(full=" --full" if full else "")
        README.write_text(document(head, machine, topics), encoding="utf-8")
    elif write:
        before = README.read_text(encoding="utf-8")
        before = HEAD.format(full="") + before[before.index("\n- processor") :]
        README.write_text(replaced(before, topics), encoding="utf-8")


def _table(topic: Topic) -> Table:
    table = Table(title=topic.title, title_justify="left")
    for heading in topic.headings:
        table.add_column(heading)
    for row in topic.rows:
        table.add_row(*(cell.strip("*") for cell in row.cells()))
    return table


if __name__ == "__main__":
    main()
