"""Writes the measurements as ``docs/detection.md``.

Invariant: a function of them and of the catalogue alone; a fault that was not measured as it is now
is said to be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.detection.comparison import compared
from benchmarks.detection.digest import digest_of
from benchmarks.detection.measured import Fault, Measured
from benchmarks.kinds import kept
from benchmarks.kinds.section import section
from lockstep.audit.subject import Subject, catalogued

FILE = Path(__file__).resolve().parents[2] / "docs" / "detection.md"

HEAD = """\
# Detection

Written by `python -m benchmarks.detection`; do not edit. `--changed` measures again only what the
catalogue has changed since. A test compares this page with the mutants' sources.

Every mutant is an executor with one planted fault or, from S01 on, a store with one, below
`batched`. Each is searched with {seeds:.0f} seeds, within {ours:.0f} CPU-seconds a seed, by exactly
what `lockstep fuzz` does: its cases, its mix of schedules, RocksDB or the faulty store. CPU-seconds
are those of the searching process, with generation, reference and comparison. Values are *median /
worst* over the seeds. A size is *transactions+deviations*. The correct twin, the executor that the
mutant is derived from or a right store below the same one, runs over the same cases and over the
shrunk one.
"""


def write(measured: Measured) -> None:
    """Write the page."""
    FILE.write_text(text(measured), encoding="utf-8")


def text(measured: Measured) -> str:
    """Return the page."""
    known = {each.digest: each for each in measured.faults}
    subjects = [(each, known.get(digest_of(each))) for each in catalogued()]
    current = tuple(fault for _, fault in subjects if fault is not None)
    missing = [subject for subject, fault in subjects if fault is None]
    measured = Measured(measured.machine, measured.effort, current)
    parts = (
        _head(measured, missing),
        _main(measured),
        compared(_searched(measured), measured.effort),
        section(kept.load()),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(measured: Measured, missing: Sequence[Subject]) -> Iterator[str]:
    yield HEAD.format(**measured.effort)
    for name, fact in measured.machine.items():
        yield f"- {name}: {fact}"
    yield ""
    yield from (f"- {line}" for line in _totals(measured))
    if missing:
        yield f"- **not measured yet**, {len(missing)}: " + ", ".join(each.id for each in missing)
    yield ""


def _totals(measured: Measured) -> Iterator[str]:
    faults = _searched(measured)
    ours = [each.lanes["lockstep"] for each in faults]
    found = [lane for lane in ours if lane.seconds is not None]
    quick = sum(lane.seconds[0] <= 5 for lane in found if lane.seconds)
    shrunk = [each for each in faults if each.usual is not None]
    small = sum(each.usual <= each.known for each in shrunk if each.usual and each.known)
    seconds = [each.shrinking for each in faults if each.shrinking is not None]
    executions = sum(each.twin_executions for each in faults)
    yield f"found: {len(found)} of {len(faults)}, {quick} of them within 5 CPU-seconds"
    yield f"shrunk to the known minimum or below, median of the seeds: {small} of {len(shrunk)}"
    alike = [(each.alike, each.known) for each in faults if each.alike and each.known]
    yield (
        "the same for failures of the kind that the smallest known case shows: "
        f"{sum(size <= known for size, known in alike)} of {len(alike)}; "
        f"{len(shrunk) - len(alike)} failed in other ways only"
    )
    if seconds:
        quickly = sum(each <= 2 for each in seconds)
        yield (
            f"CPU-seconds to shrink: median of the mutants {median(seconds):.2f}, "
            f"at most 2 for {quickly} of {len(seconds)}"
        )
    alarms = sum(each.alarms for each in faults)
    yield f"accusations of a correct twin: {alarms} in {executions:,} executions"


def _main(measured: Measured) -> Iterator[str]:
    yield "## Mutants\n"
    yield (
        "| mutant | fault | found | cases | executions | CPU-seconds | verdict | size | known "
        "| CPU-seconds to shrink | false alarms |"
    )
    yield "|" + " --- |" * 11
    for each in _searched(measured):
        lane = each.lanes["lockstep"]
        cells = (
            each.id,
            each.name,
            f"{lane.found}/{lane.tried}",
            _two(lane.cases, ".0f"),
            _two(lane.executions, ".0f"),
            _two(lane.seconds, ".2f"),
            ", ".join(each.verdicts),
            str(each.usual or ""),
            str(each.known or ""),
            "" if each.shrinking is None else f"{each.shrinking:.2f}",
            f"{each.alarms} of {each.twin_executions}",
        )
        yield "| " + " | ".join(cells) + " |"
    masked = [each for each in measured.faults if each.masked]
    if masked:
        yield "\nMasked, so not searched:\n"
        yield from (f"- {each.id} {each.name}: {each.masked}" for each in masked)
    yield ""


def _searched(measured: Measured) -> list[Fault]:
    return [each for each in measured.faults if not each.masked]


def _two(values: tuple[float, float] | None, form: str) -> str:
    return "not found" if values is None else f"{values[0]:{form}} / {values[1]:{form}}"
