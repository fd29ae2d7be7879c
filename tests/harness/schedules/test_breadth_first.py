"""Breadth-first: fewest deviations first, none twice, and no trace is out of reach."""

from __future__ import annotations

from random import Random

from lockstep.case.deviation import Deviation
from lockstep.schedules.breadth_first import BreadthFirst
from lockstep.schedules.canonical import deviations_of
from lockstep.schedules.deviations import FollowDeviations
from tests.harness.schedules.programs import (
    Program,
    Trace,
    all_executions,
    drawn,
    execute,
    of,
    trace_of,
)

PLAIN = ("read", "write", "add")
LOST_UPDATE = of([("read", 0), ("write", 0)], [("read", 0), ("write", 0)])


def searched(
    program: Program, limit: int, deepest: int | None = None
) -> list[tuple[tuple[Deviation, ...], Trace]]:
    found = []
    for choose in BreadthFirst(program.ids, limit, deepest).executions():
        trace = trace_of(execute(program, choose).trace)
        assert choose.unused == []
        found.append((choose.schedule, trace))
    return found


def test_the_first_schedule_is_the_sequential_order() -> None:
    assert searched(LOST_UPDATE, 1)[0][0] == ()


def test_schedules_come_in_the_order_of_their_number_of_deviations_and_none_twice() -> None:
    for seed in range(50):
        schedules = [schedule for schedule, _ in searched(drawn(Random(seed)), 200)]
        assert [len(each) for each in schedules] == sorted(len(each) for each in schedules)
        assert len(set(schedules)) == len(schedules)


def test_a_schedule_found_replays_to_the_same_trace() -> None:
    for seed in range(20):
        program = drawn(Random(seed))
        for schedule, trace in searched(program, 50):
            follow = FollowDeviations(schedule, program.ids)
            assert trace_of(execute(program, follow).trace) == trace


def test_every_trace_is_reached_with_no_more_deviations_than_it_is_known_to_need() -> None:
    compared = 0
    for seed in range(60):
        program = drawn(Random(seed), tasks=(2, 3), steps=PLAIN)
        everything = all_executions(program, 400)
        if everything is None:
            continue
        depths: dict[Trace, int] = {}
        for schedule, trace in searched(program, 3_000, deepest=2):
            depths.setdefault(trace, len(schedule))
        for execution in everything:
            known = len(deviations_of(execution.trace, program.ids))
            if known <= 2:
                compared += 1
                assert depths[trace_of(execution.trace)] <= known
    assert compared > 1_000


def test_all_traces_are_reached_without_a_limit() -> None:
    program = of([("write", 0), ("write", 0)], [("write", 0), ("write", 0)])
    everything = all_executions(program, 400)
    assert everything is not None
    traces = {trace_of(each.trace) for each in everything}
    assert {trace for _, trace in searched(program, 10_000)} == traces


def test_an_uncontested_program_is_executed_once() -> None:
    assert len(searched(of([("write", 0)], [("write", 1)]), 100)) == 1


def test_no_more_is_executed_than_the_limit_and_the_depth_allow() -> None:
    assert len(searched(LOST_UPDATE, 3)) == 3
    assert max(len(schedule) for schedule, _ in searched(LOST_UPDATE, 100, deepest=1)) == 1
    assert len(searched(LOST_UPDATE, 100, deepest=0)) == 1
    assert searched(LOST_UPDATE, 0) == []
