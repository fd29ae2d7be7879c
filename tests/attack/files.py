"""Mutated files through every command that reads one: each ends with a result or in one line.

``python -m tests.attack.files 12000 4000`` reads so many files with changed bytes and with changed
values, prints what became of them, and fails if one ended in any other way.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

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
from lockstep.foreign.text import shown
from lockstep.report.explanation import explanation_lines
from lockstep.report.replay import replayed_lines, total_lines
from lockstep.report.shrunk import shrunk_lines
from lockstep.run.stores import MemoryStores
from lockstep.streams import stream
from lockstep.targets.named import open_steered
from lockstep.targets.trust import OURS_ALONE, setting_in
from tests.attack.mutations import MARK, mutated_bytes, mutated_values
from tests.repository import REPOSITORY

CASES = sorted((REPOSITORY / "corpora").rglob("*.json"))
SLOW_SECONDS = 20.0


@dataclass(slots=True)
class Counts:
    """What became of some files.

    ``ends`` counts how each use of one ended; ``wrong`` are those that did not end as they must;
    ``accused`` are those that a correct executor was accused by.
    """

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    accused: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)


def attack(seed: str, changed_bytes: int, changed_values: int) -> Counts:
    """Use so many files with changed bytes, and so many with changed values."""
    counts = Counts()
    with TemporaryDirectory() as folder, chdir(folder):
        originals = [path.read_bytes() for path in CASES]
        certified = _certificate(Path(folder))
        for name, number, mutate in (
            ("bytes", changed_bytes, mutated_bytes),
            ("values", changed_values, mutated_values),
        ):
            for each in range(number):
                random = stream(seed, name, each)
                is_case = random.random() < 0.9
                original = random.choice(originals) if is_case else certified
                data = mutate(original, random, random.choice(originals))
                _use(f"{name} {each}", data, _USES if is_case else _USES_OF_CERTIFICATES, counts)
        if Path(MARK).exists():
            counts.wrong.append("something that a file names was run")
    return counts


def _certificate(folder: Path) -> bytes:
    plan = Survey(Scope(1, 2), Setting("batched", 1))
    path = folder / "certificate.json"
    with TemporaryDirectory() as findings:
        done = explore(plan, 1, Sums(), Path(findings), lambda _: None, lambda _: None)
    certificate.save(certificate.Question.of(plan), done, path)
    return path.read_bytes()


def _use(
    name: str, data: bytes, uses: dict[str, Callable[[Path], Iterator[str]]], counts: Counts
) -> None:
    path = Path("mutated.json")
    path.write_bytes(data)
    for word, use in uses.items():
        began = time.monotonic()
        try:
            lines = list(use(path))
        except (UsageError, HarnessFault) as error:
            lines = [str(error)]
            counts.ends[f"{word}: {type(error).__name__}"] += 1
            if shown(lines[0], most=None) != lines[0]:
                counts.wrong.append(f"{name}, {word}: not one harmless line: {error!r}")
            if isinstance(error, HarnessFault):
                counts.wrong.append(f"{name}, {word}: {error}")
        except Exception as error:
            counts.ends["wrong"] += 1
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(frame.filename).name}:{frame.lineno}"
            counts.wrong.append(f"{name}, {word}: {type(error).__name__} at {where}: {error}"[:300])
        else:
            counts.ends[f"{word}: {lines[0].split()[0] if lines else 'nothing'}"] += 1
        if any(
            "batched" in line and line.split()[0] in ("diverge", "crash", "self_diverge", "hang")
            for line in lines
        ):
            counts.accused.append(f"{name}, {word}: {lines[:3]}")
        if time.monotonic() - began > SLOW_SECONDS:
            counts.slow.append(f"{name}, {word}: {time.monotonic() - began:.0f} s")


def _replayed(path: Path) -> Iterator[str]:
    totals = Totals()
    for file in replay_paths([path], Options(strict=True), "memory", None, totals):
        if isinstance(file, RefusedFile):
            raise (HarnessFault if file.broken else UsageError)(file.reason)
        yield from replayed_lines(file, quiet=False)
    yield from total_lines(totals)


def _shrunk(path: Path) -> Iterator[str]:
    shrunk = shrink_file(path, Path("shrunk"))
    load(shrunk.path)
    yield from shrunk_lines(shrunk)


def _explained(path: Path) -> Iterator[str]:
    record = load(path)
    setting = replace(setting_in(record, path, OURS_ALONE), driver="scheduled")
    with open_steered(setting, MemoryStores()) as lane:
        yield from explanation_lines(explain_record(record, lane, 2), all_steps=True)


def _loaded(path: Path) -> Iterator[str]:
    yield certificate.load(path).found.verdict.value


_USES: dict[str, Callable[[Path], Iterator[str]]] = {
    "replay": _replayed,
    "explain": _explained,
    "shrink": _shrunk,
    "certificate": _loaded,
}
_USES_OF_CERTIFICATES = {"certificate": _loaded, "replay": _replayed}


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    found = attack(
        sys.argv[3] if len(sys.argv) > 3 else "files", int(sys.argv[1]), int(sys.argv[2])
    )
    for end, count in sorted(found.ends.items()):
        sys.stdout.write(f"{count:6} {end}\n")
    for word in ("wrong", "accused", "slow"):
        for text in getattr(found, word):
            sys.stdout.write(f"{word}: {shown(text)}\n")
    sys.exit(bool(found.wrong))
