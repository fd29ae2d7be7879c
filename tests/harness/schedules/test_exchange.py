"""Orders of one trace differ in nothing that an executor with true announcements could tell."""

from __future__ import annotations

from random import Random

import pytest

from lockstep.schedules.dpor import Redundant
from lockstep.schedules.exchange import (
    MOST_ORDERS,
    FollowOrder,
    Steps,
    exchanged,
    exchanges_between,
    is_exchangeable,
    other_orders,
)
from lockstep.schedules.overlap import overlaps
from lockstep.schedules.random_walk import RandomWalk
from tests.harness.schedules.programs import STEPS, Execution, Program, drawn, execute, of, trace_of

PROGRAMS = range(200)
WAITING = (*STEPS, "wait")


def executed(seed: int, workers: int = 3) -> tuple[Program, Execution]:
    random = Random(seed)
    program = drawn(random, steps=WAITING, rounds=1 + seed % 2, workers=workers)
    return program, execute(program, RandomWalk(random))


def orders_of(execution: Execution, workers: int = 3) -> list[Steps]:
    return list(other_orders(execution.trace, workers))


def test_an_order_is_of_the_same_trace_and_no_two_are_alike() -> None:
    given = 0
    for seed in PROGRAMS:
        _, execution = executed(seed)
        orders = orders_of(execution)
        assert len({*orders, execution.trace}) == len(orders) + 1 <= MOST_ORDERS + 1
        for order in orders:
            assert trace_of(order) == trace_of(execution.trace)
        assert bool(orders) <= is_exchangeable(execution.trace)
        given += len(orders)
    assert given > 2 * len(PROGRAMS)


def test_following_an_order_gives_the_outcome_of_the_trace() -> None:
    followed = 0
    for seed in PROGRAMS:
        program, execution = executed(seed)
        if execution.outcome == (("hang",), ()):
            continue
        for order in orders_of(execution):
            follow = FollowOrder(order)
            try:
                again = execute(program, follow)
            except Redundant:
                continue
            assert again.outcome == execution.outcome, (seed, program)
            assert not follow.strayed
            followed += 1
    assert followed > 2 * len(PROGRAMS)


def test_neighbours_are_exchanged_one_pair_after_another_until_the_other_order_is_there() -> None:
    for seed in PROGRAMS:
        _, execution = executed(seed)
        for order in orders_of(execution)[:3]:
            pairs = exchanges_between(execution.trace, order)
            assert exchanged(execution.trace, ()) == execution.trace
            assert exchanged(execution.trace, pairs) == order
            middle = exchanged(execution.trace, pairs[: len(pairs) // 2])
            assert trace_of(middle) == trace_of(execution.trace)


def test_a_number_picks_one_pause_and_all_numbers_pick_all_orders() -> None:
    execution = execute(of([("read", 0)] * 3, [("read", 1)] * 3), lambda _: 0)
    every = set(orders_of(execution))
    few = [set(other_orders(execution.trace, 3, number)) for number in range(4)]
    assert all(len(each) <= 3 for each in few)
    assert set().union(*few) == every


def test_tasks_that_depend_on_each_other_at_every_step_have_one_order_only() -> None:
    execution = execute(of([("write", 0)] * 2, [("write", 0)] * 2), lambda _: 0)
    assert not is_exchangeable(execution.trace)
    assert orders_of(execution) == []


def test_no_more_tasks_are_under_way_than_there_are_workers() -> None:
    program = of([("read", 0)] * 2, [("read", 1)] * 2, [("read", 2)] * 2)
    execution = execute(program, lambda _: 0)
    for order in orders_of(execution, workers=2):
        begun: list[int] = []
        for step in order:
            begun.append(step.task)
            under_way = {task for task in begun if begun.count(task) < 2}
            assert len(under_way) <= 2


def test_a_task_that_announces_another_step_has_strayed() -> None:
    execution = execute(of([("read", 0)], [("read", 1)]), lambda _: 0)
    (order,) = orders_of(execution)
    follow = FollowOrder(order)
    execute(of([("read", 0)], [("write", 1)]), follow)
    assert follow.strayed
    longer = FollowOrder(order)
    execute(of([("read", 0)], [("read", 1), ("read", 1)]), longer)
    assert longer.strayed


def test_an_order_that_cannot_be_followed_is_redundant() -> None:
    execution = execute(of([("read", 0)], [("read", 1)]), lambda _: 0)
    (order,) = orders_of(execution)
    with pytest.raises(Redundant):
        execute(of([("read", 0)]), FollowOrder(order))


# Side by side.


def test_tasks_overlap_unless_one_waits_for_the_end_of_the_other() -> None:
    apart = of([("read", 0), ("write", 0)], [("read", 1), ("write", 1)])
    assert overlaps(execute(apart, lambda _: 0).trace)
    chained = of([("read", 1), ("write", 0)], [("read", 0), ("write", 1)])
    assert not overlaps(execute(chained, lambda _: 0).trace)
    alone = Program(([[("read", 0)]], [[("read", 0)]]))
    assert not overlaps(execute(alone, lambda _: 0).trace)


def test_one_pair_of_many_is_enough_to_overlap() -> None:
    program = of([("write", 0)], [("write", 0)], [("write", 1)])
    assert overlaps(execute(program, lambda _: 0).trace)
