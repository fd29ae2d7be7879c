"""The replay ladder: deviations, then the trace, then a search nearby, then the plain truth."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from random import Random

import pytest

from lockstep.case.deviation import Deviation
from lockstep.case.file import Record, Setting, load
from lockstep.findings.replay import Replayed, replay
from lockstep.findings.replayed import Rung
from lockstep.run.stores import MemoryStores
from lockstep.schedules.random_walk import RandomWalk
from lockstep.schedules.replay import FollowTrace
from lockstep.targets.named import open_steered
from lockstep.verdict import Verdict
from lockstep_mutants.catalogue import ROWS
from tests.harness.schedules.programs import Execution, execute, of
from tests.repository import REPOSITORY

FOLDER = REPOSITORY / "corpora" / "mutants"
RACES = [row for row in ROWS if row.deviations]
ELSEWHERE = Deviation(("t0", "no such step", "", 1), "t1")

each_race = pytest.mark.parametrize("name", [row.case for row in RACES])


@lru_cache
def recorded(name: str) -> Record:
    """Return the smallest case of a race, with the trace of its failing run."""
    record = load(FOLDER / name)
    assert record.setting is not None
    with open_steered(record.setting, MemoryStores()) as lane:
        run = lane.run_deviating(record.case, record.schedule)
    return replace(record, trace=run.trace())


def replayed(record: Record, setting: Setting | None = None, *, strict: bool = False) -> Replayed:
    return replay(record, MemoryStores(), setting, strict=strict)


@each_race
def test_a_recorded_failure_comes_back_under_its_deviations(name: str) -> None:
    for strict in (False, True):
        found = replayed(recorded(name), strict=strict)
        assert (found.rung, found.unmet) == (Rung.DEVIATIONS, ())
        assert found.run.verdict.value == recorded(name).verdict


@each_race
def test_it_comes_back_under_its_trace_where_its_deviations_are_not_met(name: str) -> None:
    found = replayed(replace(recorded(name), schedule=(ELSEWHERE,)))
    assert (found.rung, found.unmet) == (Rung.TRACE, (str(ELSEWHERE),))
    assert found.run.verdict.is_failure


@each_race
def test_it_is_found_nearby_where_the_trace_does_not_fit_either(name: str) -> None:
    for schedule in ((), (ELSEWHERE,)):
        found = replayed(replace(recorded(name), schedule=schedule, trace=()))
        assert found.rung is Rung.NEARBY
        assert found.run.verdict.is_failure


@each_race
def test_it_is_nowhere_where_the_fault_is_gone(name: str) -> None:
    found = replayed(recorded(name), Setting())
    assert found.rung is Rung.NONE
    assert found.run.verdict is Verdict.AGREE


@each_race
def test_a_strict_replay_tries_the_deviations_alone_and_names_those_not_met(name: str) -> None:
    found = replayed(replace(recorded(name), schedule=(ELSEWHERE,)), strict=True)
    assert (found.rung, found.unmet) == (Rung.NONE, (str(ELSEWHERE),))
    assert found.run.verdict is Verdict.AGREE


@each_race
def test_a_case_that_records_no_failure_is_run_once(name: str) -> None:
    found = replayed(replace(recorded(name), schedule=(), verdict=""))
    assert found.rung is Rung.DEVIATIONS
    assert found.run.executions == len(found.run.blocks)


# A trace that the executor no longer fits.

RELABELLED = {"read0": "read1", "write1": "write2"}
"""The labels of the recorded steps behind one that was added."""
RECORDED = of([("read", 0), ("write", 0)], [("read", 0), ("write", 0)])


def recorded_steps(seed: int) -> tuple[Execution, list[tuple[str, str]]]:
    execution = execute(RECORDED, RandomWalk(Random(seed)))
    return execution, [(f"t{step.task}", step.operation.label) for step in execution.trace]


def test_a_trace_replays_exactly_where_nothing_has_changed() -> None:
    for seed in range(50):
        execution, steps = recorded_steps(seed)
        follow = FollowTrace(steps, RECORDED.ids)
        assert execute(RECORDED, follow) == execution
        assert follow.misfits == 0


def test_a_trace_survives_steps_that_were_added() -> None:
    longer = of(*([("read", 5), *steps, ("read", 6)] for steps in RECORDED.rounds[0]))
    for seed in range(50):
        execution, steps = recorded_steps(seed)
        moved = [(task, RELABELLED[label]) for task, label in steps]
        follow = FollowTrace(moved, RECORDED.ids)
        replayed = execute(longer, follow)
        assert [step.task for step in replayed.trace if step.operation.keys[0][1] == 0] == [
            step.task for step in execution.trace
        ]
        assert follow.misfits == 0


def test_a_trace_survives_steps_that_were_removed() -> None:
    for seed in range(50):
        execution, steps = recorded_steps(seed)
        more = [each for task, label in steps for each in ((task, "gone"), (task, label))]
        follow = FollowTrace(more, RECORDED.ids)
        assert execute(RECORDED, follow) == execution
        assert follow.misfits == len(steps)
