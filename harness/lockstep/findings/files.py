"""Replays case files and folders of them, a line for each that does not agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lockstep.case.file import CaseFileError, Record, Setting, load
from lockstep.cli.exit_codes import AGREE, FAULT, GATE, of_verdicts
from lockstep.faults import UsageError
from lockstep.findings.replay import Replayed, Rung, replay
from lockstep.report.finding import difference_lines
from lockstep.run.stores import open_stores
from lockstep.targets.named import is_outside, reach
from lockstep.targets.runner import DRIVERS
from lockstep.verdict import Verdict
from lockstep_ledger.storage.access import SHARED

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
    not_compared: Counter[str] = field(default_factory=Counter)
    unsupported: Counter[str] = field(default_factory=Counter)
    drifted: int = 0
    lost: int = 0

    def exit_code(self) -> int:
        """Return 1 on a divergence, 3 when the reference drifted or the target broke, else 0.

        Where every run was unsupported nothing was compared: that is 4.
        """
        code = of_verdicts(self.verdicts)
        if code == AGREE and self.drifted:
            return FAULT
        return GATE if set(self.verdicts) == {Verdict.UNSUPPORTED} else code

    def lines(self) -> Iterator[str]:
        """Yield what was not compared, then the counts."""
        for word, count in sorted(self.unsupported.items()):
            yield f"unsupported {count}: {word}"
        for word, count in sorted(self.not_compared.items()):
            yield f"not compared {count}: {word}"
        agree, unsupported = map(self.verdicts.count, (Verdict.AGREE, Verdict.UNSUPPORTED))
        yield (
            f"{self.files} cases, {len(self.verdicts)} runs: {agree} agree, "
            f"{len(self.verdicts) - agree - unsupported} do not, "
            + (f"{unsupported} unsupported, " if unsupported else "")
            + f"{self.drifted} with reference drift"
            + (f", {self.lost} recorded failures did not come back" if self.lost else "")
        )


def replay_paths(
    paths: Sequence[Path], manner: Manner, storage: str, database: Path | None, out: Print
) -> Totals:
    """Replay every case file in ``paths``.

    All files are read before the first one runs. Raises ``UsageError`` when there is none and
    ``CaseFileError`` when one cannot be read.
    """
    records = [(path, load(path)) for path in files_in(paths)]
    if not records:
        raise UsageError(f"no case files in {', '.join(str(path) for path in paths)}")
    settings = [tuple(_settings(record, manner.override)) for _, record in records]
    reach(setting.executor for each in settings for setting in each)
    totals = Totals()
    with open_stores(storage, database) as stores:
        for (path, record), chosen in zip(records, settings, strict=True):
            totals.files += 1
            for setting in chosen:
                replayed = replay(record, stores, setting, strict=manner.strict)
                _show(path, setting, replayed, totals, out, quiet=manner.quiet)
    for line in totals.lines():
        out(line)
    return totals


def files_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Give the files among ``paths`` and all case files below the folders."""
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.json"))
        elif path.exists():
            yield path
        else:
            raise CaseFileError(f"{path}: no such file")


def _settings(record: Record, override: Override) -> Iterator[Setting]:
    """Give the file's own setting; a file that names none is run under every driver.

    A server is not driven from here: it runs the file once.
    """
    own = record.setting or Setting()
    name = override.executor or own.executor
    every = record.setting is None and not is_outside(name)
    changed = {
        replace(
            own,
            executor=name,
            workers=override.workers or own.workers,
            driver=override.driver or driver,
            access=override.access or own.access,
        )
        for driver in (DRIVERS if every else (own.driver,))
    }
    yield from sorted(changed, key=lambda setting: setting.driver)


def _show(
    path: Path, setting: Setting, replayed: Replayed, totals: Totals, out: Print, *, quiet: bool
) -> None:
    run = replayed.run
    totals.verdicts.append(run.verdict)
    unsupported = run.verdict is Verdict.UNSUPPORTED
    reasons = run.why_unsupported() if unsupported else ()
    totals.unsupported.update(reasons)
    totals.not_compared.update(() if unsupported else run.not_compared)
    totals.drifted += bool(replayed.drift)
    totals.lost += replayed.rung is Rung.NONE
    if run.verdict is not Verdict.AGREE or replayed.rung is not Rung.DEVIATIONS or not quiet:
        why = f": {'; '.join(reasons)}" if reasons else ""
        out(f"{run.verdict.value} {path} ({_where(setting)}{_rung_text(replayed)}){why}")
    for line in () if unsupported else difference_lines(run.differences):
        out(line)
    if replayed.drift:
        out(f"REFERENCE DRIFT {path}: the reference no longer gives the expected outcome")
        for line in difference_lines(replayed.drift):
            out(line)


def _where(setting: Setting) -> str:
    if is_outside(setting.executor):
        return setting.executor
    access = "" if setting.access == SHARED else f", {setting.access}"
    return f"{setting.executor}, {setting.workers} workers, {setting.driver}{access}"


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
