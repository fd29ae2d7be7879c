"""Findings on disk: one folder a kind of failure, in it the shrunk case and schedule.

Invariant: a finding is written whole or not at all, and one that is there is never overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lockstep.case.deviation import Schedule
from lockstep.case.file import Record, Setting, save
from lockstep.case.reproduction import Reproduction
from lockstep.case.values import Case
from lockstep.explain.sentence import race_sentence
from lockstep.faults import HarnessFault
from lockstep.findings.by_repetition import settle
from lockstep.findings.replay import expected_documents, observed_documents
from lockstep.run.fingerprint import fingerprint, signature_of
from lockstep.run.result import Run
from lockstep.schedules.deviations import FollowDeviations
from lockstep.shrink.reduce import BUDGET, Reduced, reduce
from lockstep.shrink.same_failure import SameFailure, schedule_of
from lockstep.targets.named import is_labu
from lockstep.targets.runner import Observed, Runner
from lockstep.verdict import Verdict
from lockstep_parallel.steps.drivers.scheduled import Choose

FINDINGS = Path("corpora/findings")
HANG_BUDGET = 6
"""Executions spent on shrinking what makes a server hang: each of them waits for its deadline."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A failure of a new kind: its shrunk case, schedule and run, and the file it is kept in.

    A file that was there already for this kind is left as it is. ``finished`` is False when the
    budget of executions ended the shrinking; ``repeatable`` is False when the failure did not come
    back while it was investigated, so that nothing was shrunk, or when two replays were offered
    different steps or ended differently, so that the executor depends on more than its schedule.
    ``race`` says in a sentence how the failure came about, if that takes a schedule. Of a program,
    ``reproduction`` says how often it failed; ``versus`` what other executors make of the case.
    """

    fingerprint: str
    setting: Setting
    original_transactions: int
    case: Case
    schedule: Schedule
    run: Run
    executions: int
    finished: bool
    repeatable: bool
    race: str | None
    path: Path
    reproduction: Reproduction | None = None
    versus: tuple[str, ...] = ()


def investigate(
    case: Case, run: Run, runner: Runner, origin: dict[str, str], folder: Path
) -> Finding:
    """Shrink a failing case with its schedule, and keep it.

    Raises ``HarnessFault`` when the disk refuses; what was written before stays whole.
    """
    if runner.outside(case.scheme) is not None:
        return _investigate_program(case, run, runner, origin, folder)
    reduced = shrink(case, run, runner)
    final = runner.run_deviating(reduced.case, reduced.schedule)
    lost = not final.verdict.is_failure or signature_of(final) != signature_of(run)
    if lost:
        schedule = schedule_of(run, runner.setting.workers)
        reduced, final = Reduced(case, schedule, reduced.executions, finished=False), run
    name = fingerprint(runner.setting.executor, final)
    record = record_of(reduced, final, runner.setting, origin)
    return Finding(
        fingerprint=name,
        setting=runner.setting,
        original_transactions=case.transactions(),
        case=reduced.case,
        schedule=reduced.schedule,
        run=final,
        executions=reduced.executions,
        finished=reduced.finished,
        repeatable=not lost and is_repeatable(reduced.case, reduced.schedule, runner),
        race=race_sentence(runner, reduced.case, reduced.schedule) if reduced.schedule else None,
        path=_keep(record, folder / name),
    )


def _investigate_program(
    case: Case, run: Run, runner: Runner, origin: dict[str, str], folder: Path
) -> Finding:
    settled = settle(case, run, runner)
    name = fingerprint(runner.setting.executor, run)
    stderr = {each.field: each.actual for each in settled.run.differences if each.field == "stderr"}
    record = record_of(settled.reduced, settled.run, runner.setting, origin | stderr)
    return Finding(
        fingerprint=name,
        setting=runner.setting,
        original_transactions=case.transactions(),
        case=settled.reduced.case,
        schedule=(),
        run=settled.run,
        executions=settled.reduced.executions,
        finished=settled.reduced.finished,
        repeatable=settled.reproduction.is_certain,
        race=None,
        path=_keep(replace(record, reproduction=settled.reproduction), folder / name),
        reproduction=settled.reproduction,
    )


def shrink(case: Case, run: Run, runner: Runner) -> Reduced:
    """Shrink a case that failed in ``run``: without a schedule if it fails sequentially too."""
    oracle = SameFailure(runner, signature_of(run))
    sequential = oracle.attempt(case, ())
    if sequential.schedule is not None:
        return reduce(case, (), oracle, HANG_BUDGET if _waits(run, runner) else BUDGET)
    if is_labu(runner.setting.executor):
        return Reduced(case, (), sequential.executions, finished=False)
    return reduce(case, oracle.schedule_of(case, run), oracle, BUDGET)


def _waits(run: Run, runner: Runner) -> bool:
    return run.verdict is Verdict.HANG and is_labu(runner.setting.executor)


def record_of(reduced: Reduced, run: Run, setting: Setting, origin: dict[str, str]) -> Record:
    """Return the case file of a shrunk failure."""
    return Record(
        case=reduced.case,
        origin=origin,
        description=" ".join(signature_of(run)),
        setting=setting,
        schedule=reduced.schedule,
        trace=run.trace(),
        expected=expected_documents(run),
        observed=observed_documents(run),
        verdict=run.verdict.value,
    )


def is_repeatable(case: Case, schedule: Schedule, runner: Runner) -> bool:
    """Run twice and compare what was on offer at every step, and how it ended."""
    observed: list[list[tuple[tuple[int, str], ...]]] = []
    ends = []
    for _ in range(2):
        watches: list[Observed] = []

        def choosing(ids: tuple[str, ...], watches: list[Observed] = watches) -> Choose:
            watches.append(Observed(FollowDeviations(schedule, ids)))
            return watches[-1]

        run = runner.run_once(case, choosing)
        observed.append([offer for watch in watches for offer in watch.offers])
        ends.append((run.verdict, run.differences))
    return observed[0] == observed[1] and ends[0] == ends[1]


def _keep(record: Record, folder: Path) -> Path:
    known = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if known:
        return known[0]
    try:
        return save(record, folder)
    except OSError as error:
        raise HarnessFault(f"cannot write the finding to {folder}: {error.strerror}") from error
