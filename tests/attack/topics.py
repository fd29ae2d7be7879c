"""The subjects of attack: each gives what it tried, in a quick form and in a long one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType

from tests.attack import creating, ends, soak
from tests.attack.rows import Attacked, Row
from tests.harness.targets.program.storm import STORM, storm

Topic = Callable[[bool, float | None], Attacked]


class NotHere(Exception):
    """A topic cannot be tried in this checkout."""


def _ends(quick: bool, _minutes: float | None) -> Attacked:
    kills, signals = (6, 8) if quick else (200, 102)
    return Attacked(
        "Kills and signals",
        "Every long command, with one process and with two, on a pipe and on a terminal of its "
        "own, at any moment from its start on. A kill is `kill -9` of the process that was "
        "started; signals are SIGINT, SIGTERM and SIGHUP to that process, Ctrl-C once and twice, "
        "and a terminal that goes away. Then no process may be left, no file in the temporary "
        "folder (after a kill: once a next command has run), every finding that was told of must "
        "be in a file that loads, and nothing may end in a traceback.",
        tuple(ends.rows("ends", kills, signals)),
    )


def _creating(quick: bool, _minutes: float | None) -> Attacked:
    return Attacked(
        "Interrupted creations",
        "A process that makes a database is killed, after none to all of the time that takes; "
        "then the database is opened again at the same place.",
        tuple(creating.rows("creating", 6 if quick else 40)),
    )


def _soak(quick: bool, minutes: float | None) -> Attacked:
    return Attacked(
        "A long campaign",
        "Resident memory, open files and files on disk of all its processes, by their median in "
        "the second quarter of the time and in the last.",
        tuple(soak.rows(minutes or (0.2 if quick else 40.0))),
    )


def _programs(quick: bool, _minutes: float | None) -> Attacked:
    count = len(STORM) if quick else 68
    seen = storm(count)
    expected = {script: len(range(at, count, len(STORM))) for at, script in enumerate(STORM)}
    lost = tuple(script for script, times in expected.items() if seen[script] != times)
    return Attacked(
        "Programs that go wrong",
        "A program that ends, is killed, closes its pipes, says what is no frame, floods its "
        "standard error or leaves processes behind must be met with the verdict for that.",
        (Row("program faults", count, lost),),
    )


def _files(quick: bool, _minutes: float | None) -> Attacked:
    changed, typed = (150, 100) if quick else (12_000, 4_000)
    counts = _module("files").attack("files", changed, typed)
    return Attacked(
        "Files from anywhere",
        "Case files, certificates and vectors with changed bytes and with changed values, through "
        "every command that reads one: each ends with a result or in one line.",
        (
            Row(
                "mutated files",
                changed + typed,
                (*counts.wrong, *counts.accused),
                f"{changed:,} with changed bytes, {typed:,} with changed values; "
                f"{sum(counts.ends.values()):,} readings, {len(counts.slow)} of them slow",
            ),
        ),
    )


def _storage(quick: bool, _minutes: float | None) -> Attacked:
    attacked = _module("storage").everything("storage", 1 if quick else 30)
    return Attacked(
        "Storage that fails",
        "Every read and every write of a block fails once, or from then on: the block is right or "
        "told to have failed, what is stored is the state before it or after it, and the next "
        "block goes on.",
        tuple(
            Row(
                name, each.tried, (*each.lost, *each.wrong), f"right {each.right}, told {each.told}"
            )
            for name, each in attacked
        ),
    )


def _http(quick: bool, _minutes: float | None) -> Attacked:
    report = _module("http").attack(300 if quick else 20_000)
    lost = (*report.died, *report.wrong, *report.hung)
    seen = f"{report.mebibytes} MiB at most"
    return Attacked(
        "HTTP from anywhere",
        "Whole, broken, slow and huge requests to `lockstep serve --http`: each is answered or "
        "refused, the next one is served, and no state changes that was not asked to.",
        (Row("exchanges", report.tried, lost, seen),),
    )


def _module(name: str) -> ModuleType:
    try:
        return import_module(f"tests.attack.{name}")
    except ModuleNotFoundError as error:
        raise NotHere(f"there is no {error.name}") from error


TOPICS: Mapping[str, Topic] = {
    "files": _files,
    "programs": _programs,
    "storage": _storage,
    "http": _http,
    "ends": _ends,
    "creating": _creating,
    "soak": _soak,
}
