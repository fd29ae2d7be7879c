"""Runs a saved case again and holds what happens against what the file says.

The ladder: first under the recorded deviations, then under the recorded trace, then a bounded
search nearby; the first rung on which the recorded verdict comes back is reported. A strict replay
uses the first rung alone, and every deviation must be met.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from lockstep.case.documents import OutcomeDocument
from lockstep.case.file import Record, Setting
from lockstep.case.manner import Manner
from lockstep.case.writing import outcome_document
from lockstep.compare.outcomes import well_typed
from lockstep.findings.by_repetition import held_against_itself
from lockstep.run.result import BlockRun, Run
from lockstep.run.stores import Stores
from lockstep.schedules.deviations import FollowDeviations
from lockstep.schedules.mix import Mix
from lockstep.streams import stream
from lockstep.targets.named import AnyTarget
from lockstep.targets.program.manners import only
from lockstep.targets.runner import Runner
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.digest import state_digest
from lockstep_ledger.outcome import Outcome
from lockstep_parallel.steps.drivers.scheduled import Choose

NEARBY_LIMIT = 200
NEARBY_WALKS = 100


class Rung(Enum):
    """On which step of the ladder a recorded failure came back."""

    DEVIATIONS = "deviations"
    TRACE = "trace"
    NEARBY = "nearby"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replayed case.

    ``rung`` is NONE where a recorded failure did not come back, and DEVIATIONS for a case that
    records none; ``unmet`` are the deviations the executor passed by; ``drift`` is where the
    reference no longer says what the file expects.
    """

    run: Run
    rung: Rung
    unmet: tuple[str, ...]
    drift: tuple[Difference, ...]


def replay(
    record: Record,
    stores: Stores,
    setting: Setting | None = None,
    target: AnyTarget | None = None,
    *,
    strict: bool = False,
) -> Replayed:
    """Run ``record`` under its own schedule, with its own setting unless another is given."""
    with Runner(setting or record.setting or Setting(), stores, target) as runner:
        if runner.outside(record.case.scheme) is not None:
            return _replay_program(record, runner)
        followers: list[FollowDeviations] = []

        def choosing(ids: tuple[str, ...]) -> Choose:
            followers.append(FollowDeviations(record.schedule, ids))
            return followers[-1]

        run, rung = runner.run_once(record.case, choosing), Rung.DEVIATIONS
        unmet = _unmet(record, followers)
        if _should_fail(record) and not run.verdict.is_failure:
            run, rung = (run, Rung.NONE) if strict else _climb(record, runner, run)
    return Replayed(run, rung, unmet, reference_drift(record, run))


def _replay_program(record: Record, runner: Runner) -> Replayed:
    """Run as often as it takes to meet a failure of the recorded rate, in the recorded manner."""
    known = record.reproduction
    if known is None:
        run = runner.run_mixed(record.case, stream("replay", "program"), Mix(NEARBY_LIMIT))
    else:
        for _ in range(known.runs_to_meet()):
            run = runner.run_in(record.case, only(known.manner))
            if run.verdict is not Verdict.AGREE:
                break
        run = _as_recorded(record, run, runner, known.manner)
    lost = _should_fail(record) and not run.verdict.is_failure
    rung = Rung.NONE if lost else Rung.DEVIATIONS
    return Replayed(run, rung, (), reference_drift(record, run))


def _as_recorded(record: Record, run: Run, runner: Runner, manner: Manner) -> Run:
    """Return the divergence ``run`` under the name it was recorded with, if it still has a claim.

    One run in one manner cannot tell that a program differs from itself, nor that it does not
    always fail.
    """
    if run.verdict is not Verdict.DIVERGE:
        return run
    match Verdict(record.verdict) if record.verdict else None:
        case Verdict.SELF_DIVERGE:
            return held_against_itself(record.case, run, runner, manner)
        case Verdict.FLAKY:
            return replace(run, verdict=Verdict.FLAKY)
        case _:
            return run


def _should_fail(record: Record) -> bool:
    return bool(record.verdict) and Verdict(record.verdict).is_failure


def _unmet(record: Record, followers: list[FollowDeviations]) -> tuple[str, ...]:
    return tuple(
        str(each)
        for each in record.schedule
        if all(each in follower.unused for follower in followers)
    )


def _climb(record: Record, runner: Runner, first: Run) -> tuple[Run, Rung]:
    for rung, run in _further(record, runner):
        if run.verdict.is_failure:
            return run, rung
    return first, Rung.NONE


def _further(record: Record, runner: Runner) -> Iterator[tuple[Rung, Run]]:
    yield Rung.TRACE, runner.run_trace(record.case, record.trace)
    for shorter in range(len(record.schedule)):
        fewer = record.schedule[:shorter] + record.schedule[shorter + 1 :]
        yield Rung.NEARBY, runner.run_deviating(record.case, fewer)
    yield Rung.NEARBY, runner.run_breadth_first(record.case, NEARBY_LIMIT)
    yield Rung.NEARBY, runner.run_exhaustively(record.case, NEARBY_LIMIT)
    random = stream("replay", "nearby")
    mix = Mix.for_one_case(NEARBY_LIMIT * 1000)
    for _ in range(NEARBY_WALKS):
        yield Rung.NEARBY, runner.run_mixed(record.case, random, mix)


def reference_drift(record: Record, run: Run) -> tuple[Difference, ...]:
    """Return where the reference's outcomes differ from the expected ones in the file."""
    if record.expected is None:
        return ()
    found = []
    actual = expected_documents(run)
    for number, (left, right) in enumerate(zip(record.expected, actual, strict=False)):
        found += _compare_documents(f"block {number}", left, right)
    if run.verdict is Verdict.AGREE and len(record.expected) != len(actual):
        found.append(Difference("reference", "blocks", str(len(record.expected)), str(len(actual))))
    return tuple(found)


def expected_documents(run: Run) -> tuple[OutcomeDocument, ...]:
    """Return the reference's outcomes in file form, with the digest of the state after each."""
    return tuple(
        _document(block, block.expected, state_digest(block.expected_state).hex())
        for block in run.blocks
    )


def observed_documents(run: Run) -> tuple[OutcomeDocument, ...]:
    """Return the executor's outcomes in file form, as far as it gave any."""
    return tuple(
        _document(block, block.actual, "")
        for block in run.blocks
        if block.actual is not None and well_typed(block.actual)
    )


def _document(block: BlockRun, outcome: Outcome, digest: str) -> OutcomeDocument:
    return outcome_document(outcome, list(block.ids), digest)


def _compare_documents(
    where: str, expected: OutcomeDocument, actual: OutcomeDocument
) -> list[Difference]:
    return [
        Difference("reference", f"{where} {field}", repr(left), repr(right))
        for field in OutcomeDocument.__struct_fields__
        if (left := getattr(expected, field)) != (right := getattr(actual, field))
        and not (field == "digest" and not left)
    ]
