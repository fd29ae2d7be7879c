"""Mutated files through every command that reads one: each ends with a result or in one line.

``python -m tests.attack.files 12000 4000`` reads so many files with changed bytes and so many with
changed values, prints what became of them, and fails if one ended in any other way.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TypeAlias

from lockstep.case.file import Setting, load
from lockstep.explain.saved import explain_record
from lockstep.explore import certificate
from lockstep.explore.explore import explore
from lockstep.explore.scope import Scope
from lockstep.explore.sums import Sums
from lockstep.explore.worker import Survey
from lockstep.faults import HarnessFault, UsageError
from lockstep.findings.files import Options, RefusedFile, Totals, replay_paths
from lockstep.findings.shrink_file import shrink_file
from lockstep.foreign.text import named_error, shown
from lockstep.report.explanation import explanation_lines
from lockstep.report.replay import replayed_lines, total_lines
from lockstep.report.shrunk import shrunk_lines
from lockstep.report.vectors import lines as vector_lines
from lockstep.run.stores import MemoryStores
from lockstep.streams import stream
from lockstep.targets.named import open_steered
from lockstep.targets.trust import OURS_ALONE, setting_in
from lockstep.vectors.run import run_vectors
from tests.attack.mutations import MARK, mutated_bytes, mutated_values
from tests.harness.cli.vector_files import publish
from tests.repository import REPOSITORY

SLOW_SECONDS = 20.0
CORRECT = "(batched, "
"""How a line begins to tell of a run on an executor that is never to be accused."""

Use: TypeAlias = Callable[[Path], Iterator[str]]
"""Reads a file as a command does, and gives the lines that it prints."""


@dataclass(slots=True)
class Counts:
    """What became of some files.

    ``ends`` counts how each use of one ended. ``wrong`` are those that did not end as they must,
    ``accused`` those by which a correct executor was accused, ``slow`` those that took long.
    """

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    accused: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)


def attack(seed: str, changed_bytes: int, changed_values: int) -> Counts:
    """Use so many files with changed bytes, and so many with changed values."""
    counts = Counts()
    with TemporaryDirectory() as folder, chdir(folder):
        originals = _originals(Path(folder))
        for number in range(changed_bytes + changed_values):
            random = stream(seed, "file", number)
            kind = random.choices(list(originals), weights=[18, 1, 1])[0]
            original, donor = (random.choice(originals[kind]) for _ in range(2))
            mutate = mutated_bytes if number < changed_bytes else mutated_values
            data = mutate(original, random, donor)
            name = f"{kind} {number} of {seed}"
            use_all(name, data, _used(kind, random), counts)
        if Path(MARK).exists():
            counts.wrong.append("something that a file names was run")
    return counts


def use_all(name: str, data: bytes, uses: Mapping[str, Use], counts: Counts) -> None:
    """Use a file with this content in each way, and count how that ends."""
    path = Path("mutated", "mutated.json")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    for word, use in uses.items():
        began = time.monotonic()
        where = f"{name}, {word}"
        try:
            lines = list(use(path))
        except UsageError as error:
            counts.ends[f"{word}: refused"] += 1
            if shown(str(error), most=None) != str(error):
                counts.wrong.append(f"{where}: not one harmless line: {error}")
        except Exception as error:
            counts.ends["wrong"] += 1
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(frame.filename).name}:{frame.lineno}"
            counts.wrong.append(f"{where}: {place}: {named_error(error)}")
        else:
            first = lines[0].split()[0].rstrip(":")
            counts.ends[f"{word}: {first}"] += 1
            if CORRECT in lines[0] and first != "agree":
                counts.accused.append(f"{where}: {' '.join(lines)}")
        if time.monotonic() - began > SLOW_SECONDS:
            counts.slow.append(f"{where}: {time.monotonic() - began:.0f} s")


def _originals(folder: Path) -> dict[str, list[bytes]]:
    published = publish(folder / "vectors")
    return {
        "case": [path.read_bytes() for path in sorted((REPOSITORY / "corpora").rglob("*.json"))],
        "certificate": [_certificate(folder)],
        "vectors": [path.read_bytes() for path in published.iterdir()],
    }


def _certificate(folder: Path) -> bytes:
    plan = Survey(Scope(1, 2), Setting("batched", 1))
    path = folder / "certificate.json"
    done = explore(
        plan, 1, Sums(), folder / "findings", lambda _: None, lambda *_: None, lambda _: None
    )
    certificate.save(certificate.Question.of(plan), done, path)
    return path.read_bytes()


def _used(kind: str, random: Random) -> Mapping[str, Use]:
    """Return the uses that a file is meant for, and now and then all that there are."""
    uses = {
        "replay": _replayed,
        "explain": _explained,
        "shrink": _shrunk,
        "certificate": _certified,
        "vectors": _vectors,
    }
    meant = {"case": ("replay", "explain", "shrink")}.get(kind, (kind,))
    return uses if random.random() < 0.05 else {word: uses[word] for word in meant}


def _replayed(path: Path) -> Iterator[str]:
    totals = Totals()
    for file in replay_paths([path], Options(strict=True), None, None, totals):
        if isinstance(file, RefusedFile):
            raise (HarnessFault if file.broken else UsageError)(file.reason)
        yield from replayed_lines(file, quiet=False)
    yield from total_lines(totals)


def _explained(path: Path) -> Iterator[str]:
    record = load(path)
    setting = replace(setting_in(record, path, OURS_ALONE), driver="scheduled")
    with open_steered(setting, MemoryStores()) as lane:
        yield from explanation_lines(explain_record(record, lane, 2), all_steps=True)


def _shrunk(path: Path) -> Iterator[str]:
    shrunk = shrink_file(path, Path("shrunk"))
    load(shrunk.path)
    yield from shrunk_lines(shrunk)


def _certified(path: Path) -> Iterator[str]:
    found = certificate.load(path)
    yield f"{found.found.verdict.value}, {'' if found.finished else 'un'}finished"


def _vectors(path: Path) -> Iterator[str]:
    report = run_vectors(path.parent, Setting(), MemoryStores())
    yield from vector_lines(report)


def main(changed_bytes: int, changed_values: int, seed: str = "files") -> None:
    counts = attack(seed, changed_bytes, changed_values)
    for end, count in sorted(counts.ends.items()):
        sys.stdout.write(f"{count:6} {end}\n")
    for word in ("wrong", "accused", "slow"):
        for text in getattr(counts, word):
            sys.stdout.write(f"{word}: {shown(text)}\n")
    sys.exit(bool(counts.wrong or counts.accused))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
