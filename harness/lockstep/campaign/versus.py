"""Says who differs from whom: a finding of one executor, run on the others of the campaign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockstep.case.values import Case
from lockstep.run.result import Run
from lockstep.schedules.mix import Mix
from lockstep.streams import stream
from lockstep.targets.steered import STEP_LIMIT
from lockstep.targets.target import Lane
from lockstep.verdict import Verdict


def versus(case: Case, run: Run, name: str, others: Sequence[Lane]) -> Iterator[str]:
    """Yield what each of ``others`` makes of a case that ``name`` failed in ``run``."""
    for lane in others:
        other = lane.setting.executor
        mix = Mix.for_one_case(STEP_LIMIT)
        theirs = lane.run_mixed(case, stream("versus", other), mix)
        yield f"{other} {_relation(run, theirs, name, lane.setting.judging.whose)}"


def _relation(run: Run, theirs: Run, name: str, oracle: str) -> str:
    if theirs.verdict is Verdict.AGREE:
        return f"agrees with {oracle}: it differs from {name}"
    if theirs.verdict is Verdict.UNSUPPORTED:
        return f"was not compared: {'; '.join(theirs.why_unsupported())}"
    mine, its = run.blocks[-1:], theirs.blocks[-1:]
    if mine and its and mine[0].actual is not None and mine[0].actual == its[0].actual:
        return f"gives what {name} gives: both differ from {oracle}"
    first = f", {theirs.differences[0]}" if theirs.differences else ""
    return f"differs from {oracle} in another way ({theirs.verdict.value}{first})"
