"""Known failures: kinds that a team has looked at and set aside, in one file of its repository.

The file is TOML, to be read and edited; what is added goes to its end, and the rest stays as it is.
Invariant: it is data. Nothing that it names is run unless the command line names it, or it is ours.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from lockstep.case.file import CaseFileError, Record, from_bytes, load, to_bytes
from lockstep.faults import HarnessFault, UsageError
from lockstep.findings.form import kind_named
from lockstep.foreign.files import FileRefused, below, read
from lockstep.foreign.text import error_text
from lockstep.generate.needs import NEEDS, shared_needs

KNOWN = Path("lockstep.known.toml")
HEAD = """\
# Failures that are known and set aside; `lockstep known add` adds to this file.
# Edit it as you like, and remove an entry when its bug is repaired.
"""


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    kind: Annotated[str, Meta(pattern="^[0-9a-f]{12}$")]
    form: Annotated[str, Meta(min_length=1, max_length=2000)]
    executor: Annotated[str, Meta(min_length=1, max_length=2000)]
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    case: str
    needs: list[Literal[tuple(NEEDS)]] = []  # type: ignore[valid-type]
    until: date | None = None


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    known: list[_Entry] = []


@dataclass(frozen=True, slots=True)
class Known:
    """A kind that is known: its form, what the executor is called, why, until when, and a case.

    ``needs`` are the features that all its shrunk cases need.
    """

    kind: str
    form: str
    executor: str
    reason: str
    record: Record
    until: date | None = None
    needs: frozenset[str] = frozenset()

    def is_expired(self, today: date) -> bool:
        """Tell whether the last day for which it is set aside is over."""
        return self.until is not None and today > self.until


def read_known(path: Path) -> tuple[Known, ...]:
    """Return what is known by the file in ``path``, nothing if there is none.

    Raises ``UsageError`` with one line that names the file, if it cannot be used.
    """
    if not path.exists():
        return ()
    try:
        plain = tomllib.loads(read(path).decode())
        entries = msgspec.convert(plain, _Document).known
    except (FileRefused, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {error_text(error)}") from error
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: {error}") from error
    found = tuple(_known(entry, path) for entry in entries)
    kinds = [each.kind for each in found]
    twice = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    if twice is not None:
        raise UsageError(f"{path}: kind {twice} is there twice")
    return found


def known_of(finding: Path, reason: str, until: date | None) -> Known:
    """Return the kind of the finding in ``finding``, a file or the folder of a kind.

    Raises ``UsageError`` if that is no finding of a campaign.
    """
    records = _records_in(finding)
    record = min(records, key=_size)
    form = record.origin.get("form", "")
    if not form or record.setting is None:
        raise UsageError(f"{finding}: no finding of lockstep fuzz: its file names no form")
    label = record.origin.get("called", record.setting.label)
    needs = shared_needs([each.case for each in records])
    return Known(kind_named(label, form), form, label, reason, _bare(record), until, needs)


def add_known(path: Path, known: Known) -> None:
    """Add ``known`` to the end of the file in ``path``, whole or not at all.

    Raises ``UsageError`` if its kind is there, ``HarnessFault`` if the disk refuses.
    """
    if any(each.kind == known.kind for each in read_known(path)):
        raise UsageError(f"{path}: kind {known.kind} is there already")
    try:
        before = path.read_text("utf-8") if path.exists() else HEAD
        partial = path.with_name(path.name + ".partial")
        partial.write_text(before.rstrip("\n") + "\n\n" + _text(known), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise HarnessFault(f"cannot write {path}: {error.strerror}") from error


def _records_in(finding: Path) -> list[Record]:
    """Return the record of a finding, all those of a folder."""
    if not finding.is_dir():
        return [load(finding)]
    try:
        records = [load(path) for path in below(finding)]
    except FileRefused as error:
        raise UsageError(f"{finding}: {error}") from error
    if not records:
        raise UsageError(f"no case files in {finding}")
    return records


def _size(record: Record) -> tuple[int, int, int, bytes]:
    case = record.case
    return case.transactions(), len(case.steps), len(record.schedule), to_bytes(record)


def _bare(record: Record) -> Record:
    """Return ``record`` with what replaying it takes, and no more."""
    return replace(record, origin={"kind": "known"}, trace=(), expected=None, observed=None)


def _known(entry: _Entry, path: Path) -> Known:
    if entry.kind != kind_named(entry.executor, entry.form):
        raise UsageError(f"{path}: kind {entry.kind} is not that of its executor and form")
    try:
        record = from_bytes(entry.case.encode())
    except CaseFileError as error:
        raise UsageError(f"{path}: the case of kind {entry.kind}: {error}") from error
    needs = frozenset(entry.needs)
    return Known(entry.kind, entry.form, entry.executor, entry.reason, record, entry.until, needs)


def _text(known: Known) -> str:
    """Return an entry as TOML: its strings are as JSON has them, which TOML reads alike."""
    until = [] if known.until is None else [f"until = {known.until.isoformat()}"]
    case = msgspec.json.format(to_bytes(known.record), indent=-1).decode()
    lines: Sequence[str] = (
        "[[known]]",
        f'kind = "{known.kind}"',
        f"form = {_quoted(known.form)}",
        f"executor = {_quoted(known.executor)}",
        f"reason = {_quoted(known.reason)}",
        *until,
        f"needs = {_quoted_list(known.needs)}",
        f"case = {_literal(case)}",
    )
    return "\n".join(lines) + "\n"


def _quoted_list(words: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, sorted(words)))}]"


def _literal(text: str) -> str:
    """Return text as it stands between single quotes, where that is possible."""
    return _quoted(text) if "'" in text else f"'{text}'"


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
