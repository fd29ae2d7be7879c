"""Shrinks a saved case: reads a failing one, writes the smallest one found into a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lockstep.case.file import Record, Setting, load, save
from lockstep.faults import HarnessFault, UsageError
from lockstep.findings.files import FROM_THE_FILE, Options
from lockstep.findings.finding import Settled
from lockstep.findings.replayed import Rung
from lockstep.findings.way_back import way_back
from lockstep.run.stores import open_stores, parted
from lockstep.targets.named import open_lane, reach


@dataclass(frozen=True, slots=True)
class ShrunkFile:
    """What was made of the case in a file under ``setting``, and the file that holds it.

    ``another`` tells that it fails in another way than the file records.
    """

    original: Record
    setting: Setting
    settled: Settled
    path: Path
    another: bool = False


def shrink_file(
    path: Path, folder: Path, options: Options = FROM_THE_FILE, storage: str | None = None
) -> ShrunkFile:
    """Shrink the case in ``path`` into ``folder``, as its file says or as ``options`` do.

    Likewise over a store under test. Raises ``CaseFileError`` if it cannot be read, ``UsageError``
    if it does not fail or may not have run what it names, ``HarnessFault`` when the disk refuses.
    """
    record = load(path)
    setting = options.over(options.setting_in(record, path, storage))
    reach([setting.executor])
    with open_stores(parted(storage or "memory")[0]) as stores, open_lane(setting, stores) as lane:
        way = way_back(lane, record.verdict, record.after)
        back = way.replay(record, strict=False)
        run = back.run
        if not run.verdict.is_failure:
            raise UsageError(f"{path}: the case does not fail on {setting.tested}")
        settled = way.settle(record.case, run)
    try:
        saved = save(settled.record(setting, record.origin), folder)
    except OSError as error:
        raise HarnessFault(f"cannot write to {folder}: {error.strerror}") from error
    another = back.rung is Rung.ANOTHER
    return ShrunkFile(record, setting, settled, saved, another=another)
