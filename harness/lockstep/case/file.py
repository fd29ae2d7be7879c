"""Cases on disk: canonical JSON, decoded values, aliases for accounts, u64 as decimal strings.

Invariant: the same record always gives the same bytes, and reading them back gives the same record.
A file named by sixteen hex digits is named by its content, and a mismatch is refused. A file is
data: reading one loads and runs nothing that it names.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3

from lockstep.case import documents, reading, writing
from lockstep.case.canonical import without_defaults
from lockstep.case.deviation import Deviation, DeviationError, step_of, step_text
from lockstep.case.judging import EXACTLY, Judging
from lockstep.case.manner import Manner
from lockstep.case.names import UnknownNameError
from lockstep.case.reproduction import Reproduction
from lockstep.case.surroundings import OURS, Surroundings
from lockstep.case.values import Case
from lockstep.faults import UsageError
from lockstep.foreign.document import DocumentError, document
from lockstep.foreign.files import FileRefused, read
from lockstep_ledger.model import U64_MAX, ModelError

FORMAT = 1
_OUTSIDE = {"cmd": "program", "http": "server"}
_CALLED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})=(.+)", re.DOTALL)
_CONTENT_NAME = re.compile(r"[0-9a-f]{16}")


def called_and_executor(name: str) -> tuple[str, str]:
    """Return what the user calls an executor, empty if nothing, and the executor itself."""
    match = _CALLED.fullmatch(name)
    return (match[1], match[2]) if match else ("", name)


class CaseFileError(UsageError):
    """A case file that cannot be used; the text names the file and says why in one line."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a case was run: which executor, how many workers, which driver, how it reads storage.

    ``deadline`` is how many seconds an execution of a block may take, ``memory`` how many MiB of
    data a process of the executor's own may have. ``isolated`` means that an executor of ours runs
    in such a process. ``storage`` names a store that is under test too, empty if none is: then any
    store of ours will do. ``judging`` says whose outcome counts, and how much of it,
    ``surroundings`` what a program is started in. ``preempt`` says where the ``scheduled`` driver
    may switch tasks besides announced steps: at ``lines``. An executor may have a name of the
    user's own, ``NAME=EXECUTOR``.
    """

    executor: str = "batched"
    workers: int = 4
    driver: str = "scheduled"
    access: str = "shared"
    deadline: float = 10.0
    memory: int = 2048
    isolated: bool = False
    storage: str = ""
    judging: Judging = EXACTLY
    surroundings: Surroundings = OURS
    preempt: str = ""

    @property
    def tested(self) -> str:
        """What is under test, in words."""
        return f"{self.executor} on {self.storage}" if self.storage else self.executor

    @property
    def label(self) -> str:
        """What stands for what is under test in names of kinds: never how it is started."""
        called, executor = called_and_executor(self.executor)
        prefix, colon, _ = executor.partition(":")
        words = called or (_OUTSIDE.get(prefix, executor) if colon else executor)
        return f"{words} on {self.storage}" if self.storage else words


@dataclass(frozen=True, slots=True)
class Record:
    """A case file's content: the case, where it came from, how it ran and what was seen.

    ``setting`` is None when the case is for any executor. ``expected`` and ``observed`` hold one
    outcome per executed block step, in file form. ``schedule`` are the deviations from the default
    order, ``trace`` every step that was taken, as (transaction id, label). ``reproduction`` is how
    often the failure of a program came back. ``after`` are cases that the same executor has to run
    before, in the sequential order: the failure depends on them.
    """

    case: Case
    origin: dict[str, str]
    description: str = ""
    setting: Setting | None = None
    schedule: tuple[Deviation, ...] = ()
    trace: tuple[tuple[str, str], ...] = ()
    expected: tuple[documents.OutcomeDocument, ...] | None = None
    observed: tuple[documents.OutcomeDocument, ...] | None = None
    verdict: str = ""
    reproduction: Reproduction | None = None
    after: tuple[Case, ...] = ()


def to_bytes(record: Record) -> bytes:
    """Return the canonical bytes of ``record``."""
    whole = documents.Document(
        format=FORMAT,
        origin=record.origin,
        description=record.description,
        scheme=record.case.scheme,
        retries=record.case.retries,
        state=writing.state_document(record.case.state),
        steps=[writing.step_document(step) for step in record.case.steps],
        executor=_setting_document(record.setting),
        schedule=[str(each) for each in record.schedule],
        trace=[step_text(key, label) for key, label in record.trace],
        expected=None if record.expected is None else list(record.expected),
        observed=None if record.observed is None else list(record.observed),
        verdict=record.verdict,
        reproduction=_reproduction_document(record.reproduction),
        after=[_case_document(case) for case in record.after],
    )
    plain = without_defaults(whole)
    return msgspec.json.format(msgspec.json.encode(plain, order="sorted"), indent=1) + b"\n"


def from_bytes(data: bytes) -> Record:
    """Return the record in ``data``. Raises ``CaseFileError`` (without the file's name)."""
    try:
        plain = document(data)
        _check_format(plain)
        whole = msgspec.convert(plain, documents.Document)
        return Record(
            case=reading.case_of(whole),
            origin=whole.origin,
            description=whole.description,
            setting=_setting_of(whole.executor),
            schedule=tuple(Deviation.parse(text) for text in whole.schedule),
            trace=tuple(step_of(text) for text in whole.trace),
            expected=None if whole.expected is None else tuple(whole.expected),
            observed=None if whole.observed is None else tuple(whole.observed),
            verdict=whole.verdict,
            reproduction=_reproduction_of(whole.reproduction),
            after=reading.earlier_of(whole),
        )
    except (
        DocumentError,
        msgspec.ValidationError,
        ModelError,
        UnknownNameError,
        DeviationError,
    ) as error:
        raise CaseFileError(str(error)) from error


def content_name(data: bytes) -> str:
    """Return the name of a file with these bytes, without suffix."""
    return blake3(data).hexdigest(length=8)


def load(path: Path) -> Record:
    """Read a case file. Raises ``CaseFileError`` with one clear line."""
    try:
        data = read(path)
    except FileRefused as error:
        raise CaseFileError(f"{path}: {error}") from error
    if _CONTENT_NAME.fullmatch(path.stem) and content_name(data) != path.stem:
        raise CaseFileError(
            f"{path}: the content does not match the hash in the file's name "
            f"(it is {content_name(data)}); an edited case needs another name"
        )
    try:
        return from_bytes(data)
    except CaseFileError as error:
        raise CaseFileError(f"{path}: {error}") from error


def save(record: Record, folder: Path) -> Path:
    """Write ``record`` into ``folder`` under its content name, whole or not at all.

    Raises ``OSError`` when the disk refuses; nothing written before is touched.
    """
    data = to_bytes(record)
    path = folder / f"{content_name(data)}.json"
    write_whole(path, data)
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that the file is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _check_format(plain: Any) -> None:
    found = plain.get("format") if isinstance(plain, dict) else None
    if type(found) is not int or found < 1:
        raise CaseFileError("not a case file: it has no format version")
    if found > FORMAT:
        raise CaseFileError(f"format {found} is newer than this version reads (up to {FORMAT})")


def _case_document(case: Case) -> documents.CaseDocument:
    return documents.CaseDocument(
        writing.state_document(case.state),
        [writing.step_document(step) for step in case.steps],
        case.scheme,
        case.retries,
    )


def _setting_of(document: documents.SettingDocument | None) -> Setting | None:
    if document is None:
        return None
    surroundings = Surroundings(tuple(sorted(document.env.items())), document.cwd)
    problem = surroundings.problem()
    if problem:
        raise CaseFileError(problem)
    return Setting(
        document.name,
        document.workers,
        document.driver,
        document.access,
        document.deadline,
        document.memory,
        document.isolated,
        document.storage,
        Judging(document.oracle, document.codes, tuple(document.ignore), document.invariants),
        surroundings,
        document.preempt,
    )


def _setting_document(setting: Setting | None) -> documents.SettingDocument | None:
    if setting is None:
        return None
    judging = setting.judging
    return documents.SettingDocument(
        setting.executor,
        setting.workers,
        setting.driver,
        setting.access,
        setting.deadline,
        setting.memory,
        setting.isolated,
        setting.storage,
        judging.oracle,
        judging.codes,
        list(judging.ignored),
        judging.invariants,
        dict(setting.surroundings.variables),
        setting.surroundings.folder,
        setting.preempt,
    )


def _reproduction_of(document: documents.ReproductionDocument | None) -> Reproduction | None:
    if document is None:
        return None
    if document.failed > document.runs:
        raise CaseFileError(f"a reproduction of {document.failed} in {document.runs} runs")
    seed, jitter = (
        None if each is None else int(each) for each in (document.seed, document.jitter)
    )
    for name, number in (("seed", seed), ("jitter", jitter)):
        if number is not None and number > U64_MAX:
            raise CaseFileError(f"the {name} of a reproduction is {number}, above {U64_MAX}")
    manner = Manner(document.mode, document.workers, seed, jitter=jitter)
    return Reproduction(document.failed, document.runs, manner)


def _reproduction_document(
    reproduction: Reproduction | None,
) -> documents.ReproductionDocument | None:
    if reproduction is None:
        return None
    manner = reproduction.manner
    return documents.ReproductionDocument(
        reproduction.failed,
        reproduction.runs,
        manner.mode,
        manner.workers,
        None if manner.seed is None else str(manner.seed),
        None if manner.jitter is None else str(manner.jitter),
    )
