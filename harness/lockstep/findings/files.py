"""Replays case files and folders of them.

Invariant: every file is replayed or named as one that was not, and neither keeps the others from
their turn. Nothing that a file names is run unless the user trusts it to be.
"""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lockstep.case.file import CaseFileError, Record, Setting, load
from lockstep.case.judging import NOTHING, Asked
from lockstep.case.surroundings import OURS, Surroundings
from lockstep.faults import HarnessFault, UsageError
from lockstep.findings.replay import Replayed, replay
from lockstep.findings.replayed import Rung
from lockstep.foreign.files import FileRefused, below
from lockstep.run.stores import Stores, open_stores, parted
from lockstep.schedules.strategy import Strategy, strategy_named
from lockstep.targets.named import find, reach
from lockstep.targets.trust import OURS_ALONE, Trust, setting_in
from lockstep.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Options:
    """What the user wants run instead of what a case file says; None keeps the file's.

    ``strict`` takes nothing but what was recorded; ``strategy`` draws schedules in place of it.
    ``trust`` says which executors a file may name, ``asked`` what it is judged by instead,
    ``surroundings`` what a program is started in.
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
    preempt: str | None = None
    trust: Trust = OURS_ALONE
    asked: Asked = NOTHING
    surroundings: Surroundings = OURS

    def setting_in(self, record: Record, path: Path, storage: str | None) -> Setting:
        """Return what the file in ``path`` is run under, but for what a file may always say.

        Raises ``UsageError`` if it may not have run what it names.
        """
        trust, executor = self.trust, self.executor
        return setting_in(record, path, trust, executor, storage, self.asked, self.surroundings)

    def over(self, own: Setting) -> Setting:
        """Return ``own`` but for what a file may always say and the user says otherwise."""
        return replace(
            own,
            workers=self.workers or own.workers,
            driver=self.driver or own.driver,
            access=self.access or own.access,
            deadline=self.deadline or own.deadline,
            memory=self.memory or own.memory,
            isolated=self.isolate or own.isolated,
            preempt=self.preempt or own.preempt,
        )


FROM_THE_FILE = Options()


@dataclass(frozen=True, slots=True)
class ReplayedFile:
    """A case file that was replayed once, under one setting and the ``retries`` of its case.

    ``earlier`` counts the cases that were run before on the same executor.
    """

    path: Path
    setting: Setting
    replayed: Replayed
    retries: int | None = None
    earlier: int = 0


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that was not replayed, and why, in one line that names it.

    ``broken`` tells that the harness or the target is at fault, and not the file.
    """

    path: Path
    reason: str
    broken: bool = False


@dataclass(slots=True)
class Totals:
    """What replaying some files gave; ``files`` counts those that were read.

    ``lost`` counts recorded failures that did not come back, ``another`` those in whose place
    another came; ``refused`` the files that are not to be used, ``broken`` those for whose sake the
    harness or the target broke.
    """

    files: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    not_compared: Counter[str] = field(default_factory=Counter)
    unsupported: Counter[str] = field(default_factory=Counter)
    drifted: int = 0
    lost: int = 0
    another: int = 0
    refused: int = 0
    broken: int = 0

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
        self.another += replayed.rung is Rung.ANOTHER

    def leave_out(self, file: RefusedFile) -> None:
        """Count a file that was not replayed."""
        self.broken += file.broken
        self.refused += not file.broken


@dataclass(frozen=True, slots=True)
class _Ready:
    """A file that was read, and the settings that it is to be replayed under."""

    path: Path
    record: Record
    settings: tuple[Setting, ...]


def replay_paths(
    paths: Sequence[Path],
    options: Options,
    storage: str | None,
    database: Path | None,
    totals: Totals,
) -> Iterator[ReplayedFile | RefusedFile]:
    """Replay every case file in ``paths`` and count into ``totals``.

    ``storage`` is where, None for what a file names, else memory. All files are read before the
    first one runs. Raises ``UsageError`` when there is none.
    """
    found = list(files_in(paths))
    if not found:
        raise UsageError(f"no case files in {', '.join(str(path) for path in paths)}")
    if options.executor is not None:
        reach([options.executor])
    strategy = None if options.strategy is None else strategy_named(options.strategy)
    ready: list[_Ready] = []
    for path in found:
        prepared = _prepared(path, options, storage)
        if isinstance(prepared, _Ready):
            ready.append(prepared)
        else:
            totals.leave_out(prepared)
            yield prepared
    with open_stores(parted(storage or "memory")[0], database) as stores:
        for file in ready:
            totals.files += 1
            for setting in file.settings:
                ended = _replayed(file, setting, stores, options, strategy)
                if isinstance(ended, ReplayedFile):
                    totals.add(ended.replayed)
                else:
                    totals.leave_out(ended)
                yield ended
                if isinstance(ended, RefusedFile):
                    break


def _prepared(path: Path, options: Options, storage: str | None) -> _Ready | RefusedFile:
    """Read the file in ``path``, and ask for what it is to be replayed on."""
    try:
        record = load(path)
        own = options.setting_in(record, path, storage)
    except UsageError as error:
        return RefusedFile(path, str(error))
    try:
        settings = tuple(_settings(record, own, options))
        reach([own.executor])
    except (UsageError, HarnessFault) as error:
        return _refused(path, error)
    return _Ready(path, record, settings)


def _replayed(
    file: _Ready, setting: Setting, stores: Stores, options: Options, strategy: Strategy | None
) -> ReplayedFile | RefusedFile:
    try:
        ended = replay(file.record, stores, setting, strict=options.strict, strategy=strategy)
    except (UsageError, HarnessFault) as error:
        return _refused(file.path, error)
    record = file.record
    return ReplayedFile(file.path, setting, ended, record.case.retries, len(record.after))


def _refused(path: Path, error: UsageError | HarnessFault) -> RefusedFile:
    named = str(UsageError(f"{path}: {error}"))
    return RefusedFile(path, named, broken=isinstance(error, HarnessFault))


def files_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Give the files among ``paths`` and all case files below the folders.

    Raises ``CaseFileError`` for a path where nothing is, and a folder that cannot be looked into.
    """
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
        except FileNotFoundError as error:
            raise CaseFileError(f"{path}: no such file") from error
        except (OSError, ValueError) as error:
            raise CaseFileError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        if not is_folder:
            yield path
            continue
        try:
            yield from below(path)
        except FileRefused as error:
            raise CaseFileError(f"{path}: {error}") from error


def _settings(record: Record, own: Setting, options: Options) -> Iterator[Setting]:
    """Give the file's own setting; a file that names none is run under every driver there is."""
    every = find(own.executor).drivers if record.setting is None else ()
    changed = {options.over(replace(own, driver=driver)) for driver in every or (own.driver,)}
    yield from sorted(changed, key=lambda setting: setting.driver)
