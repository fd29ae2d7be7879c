"""Replays case files and folders of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lockstep.case.file import CaseFileError, Record, Setting, load
from lockstep.faults import UsageError
from lockstep.findings.replay import Replayed, replay
from lockstep.findings.replayed import Rung
from lockstep.run.stores import open_stores
from lockstep.schedules.strategy import strategy_named
from lockstep.targets.named import find, reach
from lockstep.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Options:
    """What the user wants run instead of what a case file says; None keeps the file's.

    ``strict`` takes nothing but what was recorded; ``strategy`` draws schedules in place of it.
    """

    executor: str | None = None
    workers: int | None = None
    driver: str | None = None
    access: str | None = None
    strict: bool = False
    strategy: str | None = None
    deadline: float | None = None
    memory: int | None = None
    isolate: bool = False


@dataclass(frozen=True, slots=True)
class ReplayedFile:
    """A case file that was replayed once, under one setting."""

    path: Path
    setting: Setting
    replayed: Replayed


@dataclass(slots=True)
class Totals:
    """What replaying some files gave; ``lost`` counts failures that did not come back."""

    files: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    not_compared: Counter[str] = field(default_factory=Counter)
    unsupported: Counter[str] = field(default_factory=Counter)
    drifted: int = 0
    lost: int = 0

    def add(self, replayed: Replayed) -> None:
        """Count one more run."""
        run = replayed.run
        self.verdicts.append(run.verdict)
        if run.verdict is Verdict.UNSUPPORTED:
            self.unsupported.update(run.why_unsupported())
        else:
            self.not_compared.update(run.not_compared)
        self.drifted += bool(replayed.drift)
        self.lost += replayed.rung is Rung.NONE


def replay_paths(
    paths: Sequence[Path], options: Options, storage: str, database: Path | None, totals: Totals
) -> Iterator[ReplayedFile]:
    """Replay every case file in ``paths`` and count into ``totals``.

    All files are read before the first one runs. Raises ``UsageError`` when there is none and
    ``CaseFileError`` when one cannot be read.
    """
    records = [(path, load(path)) for path in files_in(paths)]
    if not records:
        raise UsageError(f"no case files in {', '.join(str(path) for path in paths)}")
    settings = [tuple(_settings(record, options)) for _, record in records]
    reach(setting.executor for each in settings for setting in each)
    strategy = None if options.strategy is None else strategy_named(options.strategy)
    with open_stores(storage, database) as stores:
        for (path, record), chosen in zip(records, settings, strict=True):
            totals.files += 1
            for setting in chosen:
                replayed = replay(record, stores, setting, strict=options.strict, strategy=strategy)
                totals.add(replayed)
                yield ReplayedFile(path, setting, replayed)


def files_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Give the files among ``paths`` and all case files below the folders."""
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.json"))
        elif path.exists():
            yield path
        else:
            raise CaseFileError(f"{path}: no such file")


def _settings(record: Record, options: Options) -> Iterator[Setting]:
    """Give the file's own setting; a file that names none is run under every driver there is."""
    own = record.setting or Setting()
    name = options.executor or own.executor
    every = find(name).drivers if record.setting is None else ()
    changed = {
        replace(
            own,
            executor=name,
            workers=options.workers or own.workers,
            driver=options.driver or driver,
            access=options.access or own.access,
            deadline=options.deadline or own.deadline,
            memory=options.memory or own.memory,
            isolated=options.isolate or own.isolated,
        )
        for driver in every or (own.driver,)
    }
    yield from sorted(changed, key=lambda setting: setting.driver)
