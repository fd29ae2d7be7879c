"""Replays case files and folders of them, a line for each that does not agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.case.file import CaseFileError, Record, Setting, load
from harness.exit_codes import FAULT, of_verdicts
from harness.faults import UsageError
from harness.replay import Replayed, Rung, replay
from harness.report import difference_lines
from harness.runner import DRIVERS
from harness.stores import open_stores
from harness.verdict import Verdict
from ledger.storage.access import SHARED

Print = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Override:
    """What the user wants run instead of what a case file says; None keeps the file's."""

    executor: str | None = None
    workers: int | None = None
    driver: str | None = None
    access: str | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How files are replayed: with what changed, how loudly, and how strictly."""

    override: Override = Override()
    quiet: bool = False
    strict: bool = False


@dataclass(slots=True)
class Totals:
    """What replaying some files gave; ``lost`` counts failures that did not come back."""

    files: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    drifted: int = 0
    lost: int = 0

    def exit_code(self) -> int:
        """Return 1 on a divergence, 3 when the reference drifted or the target broke, else 0."""
        code = of_verdicts(self.verdicts)
        return FAULT if code == 0 and self.drifted else code


def replay_paths(
    paths: Sequence[Path], manner: Manner, storage: str, database: Path | None, out: Print
) -> Totals:
    """Replay every case file in ``paths``.

    All files are read before the first one runs. Raises ``UsageError`` when there is none and
    ``CaseFileError`` when one cannot be read.
    """
    records = [(path, load(path)) for path in _files(paths)]
    if not records:
        raise UsageError(f"no case files in {', '.join(str(path) for path in paths)}")
    totals = Totals()
    with open_stores(storage, database) as stores:
        for path, record in records:
            totals.files += 1
            for setting in _settings(record, manner.override):
                replayed = replay(record, stores, setting, strict=manner.strict)
                _show(path, setting, replayed, totals, out, quiet=manner.quiet)
    agreeing = sum(verdict is Verdict.AGREE for verdict in totals.verdicts)
    out(
        f"{totals.files} cases, {len(totals.verdicts)} runs: {agreeing} agree, "
        f"{len(totals.verdicts) - agreeing} do not, {totals.drifted} with reference drift"
        + (f", {totals.lost} recorded failures did not come back" if totals.lost else "")
    )
    return totals


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.json"))
        elif path.exists():
            yield path
        else:
            raise CaseFileError(f"{path}: no such file")


def _settings(record: Record, override: Override) -> Iterator[Setting]:
    """Give the file's own setting; a file that names none is run under every driver."""
    if record.setting is not None:
        settings = [record.setting]
    else:
        settings = [replace(Setting(), driver=driver) for driver in DRIVERS]
    changed = {
        replace(
            setting,
            executor=override.executor or setting.executor,
            workers=override.workers or setting.workers,
            driver=override.driver or setting.driver,
            access=override.access or setting.access,
        )
        for setting in settings
    }
    yield from sorted(changed, key=lambda setting: setting.driver)


def _show(
    path: Path, setting: Setting, replayed: Replayed, totals: Totals, out: Print, *, quiet: bool
) -> None:
    run = replayed.run
    totals.verdicts.append(run.verdict)
    totals.drifted += bool(replayed.drift)
    totals.lost += replayed.rung is Rung.NONE
    if run.verdict is not Verdict.AGREE or replayed.rung is not Rung.DEVIATIONS or not quiet:
        where = f"{setting.executor}, {setting.workers} workers, {setting.driver}"
        where += "" if setting.access == SHARED else f", {setting.access}"
        out(f"{run.verdict.value} {path} ({where}{_rung_text(replayed)})")
    for line in difference_lines(run.differences):
        out(line)
    if replayed.drift:
        out(f"REFERENCE DRIFT {path}: the reference no longer gives the expected outcome")
        for line in difference_lines(replayed.drift):
            out(line)


def _rung_text(replayed: Replayed) -> str:
    match replayed.rung:
        case Rung.NONE:
            return "; the recorded failure did not come back"
        case Rung.DEVIATIONS if replayed.unmet:
            return f"; {len(replayed.unmet)} deviations were not met"
        case Rung.DEVIATIONS:
            return ""
        case rung:
            return f"; reproduced by rung {rung.value}"
