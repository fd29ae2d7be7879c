"""A long campaign, looked at again and again: memory and files stay as they are.

``python -m tests.attack.soak 10`` fuzzes ten minutes each kind of executor and prints what grew.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from tests.attack.commands import Place, started
from tests.attack.rows import Row

MEBIBYTE = 1024 * 1024
SPARE_MEBIBYTES = 12.0
"""What the last quarter may have more than the second: an allocator gives nothing back."""
SPARE_FILES = 3
SPARE_ON_DISK = 30
"""RocksDB writes and removes files of its own all the time."""

ALWAYS_FAILING = "tests.harness.faulty_executors:OneFeeTooMany"
CAMPAIGNS = {
    "a correct executor": ("batched", "rocksdb"),
    "the canary": ("canary", "memory"),
    "one that always fails": (ALWAYS_FAILING, "rocksdb"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """What the processes of a command hold at one moment."""

    mebibytes: float
    open_files: int
    on_disk: int


def soak(executor: str, storage: str, minutes: float, folder: Path) -> tuple[list[Look], str]:
    """Fuzz for so long; return what was seen on the way, and what the campaign said."""
    place = Place.under(folder, f"soak-{executor.rpartition(':')[2]}")
    words: tuple[str, ...] = (
        "fuzz",
        "--time",
        f"{minutes * 60:.0f}s",
        "--seed",
        "soak",
        "--storage",
        storage,
    )
    words += ("--executor", executor, "--findings", str(place.findings))
    said = folder / f"{place.name}.txt"
    looks: list[Look] = []
    with said.open("wb") as output:
        process = started(words, place, output.fileno())
        every = max(minutes * 60 / 400, 0.25)
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(every)
            looks += [look for look in [_look(place)] if look is not None]
    return looks, said.read_text()


def row(name: str, minutes: float, looks: Sequence[Look], said: str) -> Row:
    """Hold the last quarter against the second."""
    cases = next(
        (line.split("│")[2].split()[0] for line in said.splitlines() if "│ cases" in line), "0"
    )
    early, late = _quarter(looks, 1), _quarter(looks, 3)
    lost = tuple(_grown(early, late)) if early and late else ("too short to say anything",)
    if "Traceback" in said or "│ cases" not in said:
        lost += (f"no summary, or a traceback: {said.strip()[-200:]!r}",)
    shown = "; ".join(
        f"{word} {median(getattr(each, key) for each in early):.0f} then "
        f"{median(getattr(each, key) for each in late):.0f}"
        for word, key in (
            ("MiB", "mebibytes"),
            ("open files", "open_files"),
            ("on disk", "on_disk"),
        )
        if early and late
    )
    return Row(f"{minutes:g} minutes of fuzzing {name}, cases", int(cases), lost, shown)


def rows(minutes: float) -> Iterator[Row]:
    """Soak every kind of executor, all at the same time."""
    with TemporaryDirectory(prefix="soak-") as folder, ThreadPoolExecutor(len(CAMPAIGNS)) as side:

        def soaked(name: str) -> Row:
            return row(name, minutes, *soak(*CAMPAIGNS[name], minutes, Path(folder)))

        yield from side.map(soaked, CAMPAIGNS)


def _look(place: Place) -> Look | None:
    memory = files = 0
    for process in place.processes():
        with suppress(psutil.Error):
            memory += process.memory_info().rss
            files += process.num_fds()
    if not memory:
        return None
    folders = (place.temporary, place.findings)
    on_disk = sum(1 for folder in folders for _ in folder.rglob("*"))
    return Look(memory / MEBIBYTE, files, on_disk)


def _quarter(looks: Sequence[Look], number: int) -> Sequence[Look]:
    size = len(looks) // 4
    return looks[number * size : (number + 1) * size]


def _grown(early: Sequence[Look], late: Sequence[Look]) -> Iterator[str]:
    spares = (
        ("mebibytes", SPARE_MEBIBYTES),
        ("open_files", SPARE_FILES),
        ("on_disk", SPARE_ON_DISK),
    )
    for key, spare in spares:
        before, after = (median(getattr(each, key) for each in some) for some in (early, late))
        if after > before + spare:
            yield f"{key} grew from {before:.0f} to {after:.0f}"


if __name__ == "__main__":
    for each in rows(float(sys.argv[1])):
        sys.stdout.write(" | ".join(each.cells()) + "\n")
        sys.stdout.flush()
