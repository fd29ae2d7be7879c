"""Measures kinds of failure, keeps that, and writes its section of docs/detection.md."""

from __future__ import annotations

from random import Random

import click
import msgspec

from benchmarks.detection import document
from benchmarks.detection import measured as detection
from benchmarks.kinds import kept
from benchmarks.kinds.campaigns import seconds_alone, sort_failures, tell_apart
from benchmarks.kinds.kept import Measured
from benchmarks.kinds.paired import ids_of, pairs
from benchmarks.machine import facts
from lockstep_mutants.catalogue import ROWS

ALWAYS = ("T02a+T21",)
"""A fault that shows in almost every block, with one that needs a second block."""


@click.command()
@click.option("--only", multiple=True, help="A fault, or a pair as T02a+T21; several times.")
@click.option("--cases", type=click.IntRange(1), default=500, show_default=True)
@click.option("--pairs", "wanted", type=click.IntRange(0), default=100, show_default=True)
@click.option("--anew", is_flag=True, help="Measure again what was measured already.")
@click.option("--render", is_flag=True, help="Measure nothing, write the page anew.")
def main(only: tuple[str, ...], cases: int, wanted: int, anew: bool, render: bool) -> None:
    """Measure what is not measured yet; each result is kept at once."""
    if not render:
        _measure(only, cases, wanted, anew)
    before = detection.load()
    if before is not None:
        document.write(before)


def _measure(only: tuple[str, ...], cases: int, wanted: int, anew: bool) -> None:
    found = kept.load()
    found = msgspec.structs.replace(found, machine=dict(facts()))
    for fault in [row.id for row in ROWS if not only or row.id in only]:
        known = found.faults.get(fault)
        # One that fails in every case is given up after a few.
        if anew or known is None or known.cases not in (cases, known.failing):
            found.faults[fault] = sort_failures(fault, cases)
            _told(found, found.faults[fault])
    alone: dict[str, float | None] = {}
    for pair in [each for each in _drawn(wanted) if not only or each in only]:
        if anew or pair not in found.pairs:
            for fault in ids_of(pair):
                if fault not in alone:
                    alone[fault] = seconds_alone(fault)
            found.pairs[pair] = tell_apart(pair, alone)
            _told(found, found.pairs[pair])


def _told(found: Measured, result: object) -> None:
    kept.save(found)
    click.echo(str(result))


def _drawn(wanted: int) -> list[str]:
    """Return so many pairs, drawn at random from all there are, always the same."""
    there = [each for each in pairs() if each not in ALWAYS]
    return [*ALWAYS, *Random("kinds").sample(there, min(len(there), max(0, wanted - 1)))][:wanted]


if __name__ == "__main__":
    main()
