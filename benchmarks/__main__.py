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
        README.write_text(_document(machine, topics, full), encoding="utf-8")
    elif write:
        README.write_text(_replaced(README.read_text(encoding="utf-8"), topics), encoding="utf-8")


def _table(topic: Topic) -> Table:
    table = Table(title=topic.title, title_justify="left")
    for heading in topic.headings:
        table.add_column(heading)
    for row in topic.rows:
        table.add_row(*(cell.strip("*") for cell in row.cells()))
    return table


def _document(machine: tuple[tuple[str, str], ...], topics: list[Topic], full: bool) -> str:
    parts = [HEAD.format(full=" --full" if full else "")]
    parts.append("".join(f"- {name}: {fact}\n" for name, fact in machine))
    parts += ("\n".join(topic.lines()) for topic in topics)
    return "\n".join(parts)


def _replaced(document: str, topics: list[Topic]) -> str:
    """Return ``document`` with the sections of ``topics`` replaced, new ones at its end."""
    document = HEAD.format(full="") + document[document.index("\n- processor") :]
    for topic in topics:
        section = "\n".join(topic.lines())
        start = document.find(f"## {topic.title}\n")
        if start < 0:
            document = f"{document.rstrip()}\n\n{section}"
            continue
        end = document.find("\n## ", start)
        rest = "" if end < 0 else document[end + 1 :]
        document = document[:start] + section + ("\n" if rest else "") + rest
    return document


if __name__ == "__main__":
    main()
