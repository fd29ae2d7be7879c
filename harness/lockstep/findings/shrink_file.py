"""Shrinks a saved case: reads a failing one, writes the smallest one found into a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lockstep.case.file import Record, Setting, load, save
from lockstep.faults import HarnessFault, UsageError
from lockstep.findings.finding import Settled
from lockstep.findings.way_back import way_back
from lockstep.run.stores import open_stores
from lockstep.targets.named import open_lane, reach


@dataclass(frozen=True, slots=True)
class ShrunkFile:
    """What was made of the case in a file, and the file that holds it."""

    original: Record
    settled: Settled
    path: Path


def shrink_file(path: Path, folder: Path) -> ShrunkFile:
    """Shrink the case in ``path`` into ``folder``.

    Raises ``CaseFileError`` if it cannot be read, ``UsageError`` if it does not fail, and
    ``HarnessFault`` when the disk refuses.
    """
    record = load(path)
    setting = record.setting or Setting()
    reach([setting.executor])
    with open_stores("memory") as stores, open_lane(setting, stores) as lane:
        way = way_back(lane)
        run = way.replay(record, strict=False).run
        if not run.verdict.is_failure:
            raise UsageError(f"{path}: the case does not fail on {setting.executor}")
        settled = way.settle(record.case, run)
    try:
        saved = save(settled.record(setting, record.origin), folder)
    except OSError as error:
        raise HarnessFault(f"cannot write to {folder}: {error.strerror}") from error
    return ShrunkFile(record, settled, saved)
