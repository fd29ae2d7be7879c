"""Findings on disk: written whole the moment they are met, replaced by smaller forms, never lost.

What was met and is not shrunk yet is in a folder ``met``, what it was settled to in one a kind.

Invariant: a file that was there before is neither changed nor removed; a file of this keeper holds
a case that failed, whole, at every moment from the first write on.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from lockstep.case.file import CaseFileError, Record, content_name, load, to_bytes, write_whole
from lockstep.undisturbed import undisturbed


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a finding is; ``told`` says how it stands to what was kept before.

    Where it could not be written, ``path`` is None, ``problem`` says why, and ``content`` is what
    the file would hold.
    """

    path: Path | None
    told: str = "new"
    problem: str = ""
    content: str = ""


MET = "met"


class Keeper:
    """Keeps findings in ``folder``, a folder a kind below it; what is there now was before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before: dict[str, list[Path]] = {}
        for path in sorted(folder.glob("*/*.json")):
            self._before.setdefault(path.parent.name, []).append(path)

    def problem(self) -> str:
        """Say why nothing can be written into the folder; empty if something can."""
        new = [each for each in (self._folder, *self._folder.parents) if not each.exists()]
        try:
            write_whole(self._folder / ".writable", b"lockstep\n")
            (self._folder / ".writable").unlink()
            for each in new:
                each.rmdir()
        except OSError as error:
            return f"{self._folder}: {error.strerror or error}"
        return ""

    def met(self, record: Record, kind: str, name: str) -> Kept:
        """Write a failure that was just met, under a ``name`` that no other process gives.

        One of that name that was there before, of a campaign that was killed, stays as it is.
        """
        before = self._before.get(MET, [])
        stem = f"{kind}-{name}"
        names = chain([f"{stem}.json"], (f"{stem}-{number}.json" for number in count(2)))
        paths = (self._folder / MET / each for each in names)
        return self._write(record, next(path for path in paths if path not in before), "new")

    def smaller(self, kept: Kept, record: Record) -> Kept:
        """Put a smaller form in the place of ``kept``; keep that where it cannot be written."""
        if kept.path is None:
            return kept
        written = self._write(record, kept.path, kept.told)
        return kept if written.path is None else written

    def settled(self, kept: Kept, record: Record, kind: str) -> Kept:
        """Put the final form in the place of ``kept``, under the name of its content.

        A file that was there before and says the same stands for it.
        """
        known = self._before.get(kind, [])
        same = next((path for path in known if _holds(path, record)), None)
        with undisturbed():
            if same is not None:
                self.forget(kept)
                return Kept(same, f"known since {_day_of(same)}")
            path = self._folder / kind / f"{content_name(to_bytes(record))}.json"
            written = self._write(record, path, f"kept beside {known[0].name}" if known else "new")
            if written.path is not None:
                self.forget(kept)
            return written

    def forget(self, kept: Kept) -> None:
        """Remove what was met and is not needed any more."""
        if kept.path is not None and kept.path.parent.name == MET:
            with contextlib.suppress(OSError):
                kept.path.unlink()

    def tidy(self) -> None:
        """Remove the folder of what was met, if nothing is left in it and nobody writes there."""
        with contextlib.suppress(OSError):
            (self._folder / MET).rmdir()

    def _write(self, record: Record, path: Path, told: str) -> Kept:
        data = to_bytes(record)
        try:
            with undisturbed():
                if not path.exists() or path.read_bytes() != data:
                    write_whole(path, data)
        except OSError as error:
            return Kept(None, told, f"{path}: {error.strerror or error}", data.decode())
        return Kept(path, told)


def _holds(path: Path, record: Record) -> bool:
    """Tell whether a file says what ``record`` does, wherever either of them comes from."""
    try:
        return replace(load(path), origin=record.origin) == record
    except CaseFileError:
        return False


def _day_of(path: Path) -> str:
    with contextlib.suppress(OSError):
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%d")
    return "an unknown day"
