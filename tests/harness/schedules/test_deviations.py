"""Deviations: their text, and that those of a trace lead to an equivalent trace."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lockstep.case.deviation import Deviation, DeviationError, step_of, step_text, task_name
from lockstep.schedules.canonical import deviations_of
from lockstep.schedules.deviations import FollowDeviations
from lockstep.schedules.random_walk import RandomWalk
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM
from lockstep_parallel.steps.drivers.scheduled import lowest_first
from tests.harness.schedules.programs import (
    STEPS,
    Program,
    drawn,
    execute,
    of,
    trace_of,
)

WORD = st.text("abcxyz019-_.", min_size=1)
PHRASE = st.lists(WORD, min_size=1, max_size=3).map(" ".join)


@given(WORD, PHRASE, st.one_of(st.just(""), PHRASE), st.integers(1, 99), WORD)
def test_a_deviation_is_read_as_it_was_written(
    task: str, label: str, place: str, occurrence: int, run: str
) -> None:
    deviation = Deviation((task, label, place, occurrence), run)
    assert Deviation.parse(str(deviation)) == deviation


ANYTHING = st.text(st.characters(exclude_categories=()))
SOMETHING = st.text(st.characters(exclude_categories=()), min_size=1)


@given(SOMETHING, ANYTHING, ANYTHING, SOMETHING)
@example("t0@#1 -> t1", "a[b]#2", "] -> t3 [", "t1 t2")
def test_whatever_an_executor_calls_its_steps_it_is_read_as_it_was_written(
    task: str, label: str, place: str, run: str
) -> None:
    deviation = Deviation((task, label, place, 2), run)
    assert Deviation.parse(str(deviation)) == deviation
    assert str(deviation).isprintable()
    assert step_of(step_text(task, label)) == (task, label)


@given(PHRASE)
def test_a_step_is_written_in_plain_words_where_it_has_some(phrase: str) -> None:
    assert str(Deviation(("t0", phrase, phrase, 1), "t1")) == f"t0@{phrase}[{phrase}] -> t1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "t0",
        "t0@publish",
        "t0@publish ->",
        "@publish -> t1",
        "t0@a -> t1 t2",
        "t0@a#0 -> t1",
        "t0@a#01 -> t1",
        "t0@a#" + "9" * 5000 + " -> t1",
        "t0@a#\uff11 -> t1",
        "t0@%ff -> t1",
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(DeviationError):
        Deviation.parse(text)


def test_a_deviation_says_only_what_is_needed_to_find_its_step() -> None:
    assert str(Deviation(("t0", "publish", "", 1), "t1")) == "t0@publish -> t1"
    assert str(Deviation(("t0", "balance", "bob native", 2), "w1")) == (
        "t0@balance[bob native]#2 -> w1"
    )


def test_workers_are_named_apart_from_transactions() -> None:
    assert task_name(1, ("a", "b")) == "b"
    assert task_name(WORKERS_FROM + 3, ("a", "b")) == "w3"


def replays_alike(program: Program, random: Random) -> bool:
    """Run under a random walk, then under the deviations of what happened."""
    first = execute(program, RandomWalk(random))
    deviations = deviations_of(first.trace, program.ids, program.workers)
    follow = FollowDeviations(deviations, program.ids)
    second = execute(program, follow)
    return (
        second.outcome == first.outcome
        and trace_of(second.trace) == trace_of(first.trace)
        and follow.unused == []
    )


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_the_deviations_of_a_trace_lead_to_an_equivalent_trace(rounds: int) -> None:
    for seed in range(300):
        random = Random(seed)
        program = drawn(random, tasks=(2, 3, 4, 5), rounds=rounds)
        assert replays_alike(program, random), program


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_they_do_so_where_not_all_tasks_may_be_under_way(workers: int) -> None:
    for seed in range(200):
        random = Random(seed)
        program = drawn(random, tasks=(3, 4, 5), workers=workers, rounds=1 + seed % 2)
        assert replays_alike(program, random), program


def test_they_do_so_where_tasks_wait_for_what_one_of_them_writes() -> None:
    for seed in range(200):
        random = Random(seed)
        others = drawn(random, tasks=(3,), steps=("read", "write"))
        waiting = [[*steps[:1], ("watch", 9), *steps[1:]] for steps in others.rounds[0]]
        program = Program(((*waiting[:2], [("read", 0), ("write", 9), ("write", 0)]),))
        assert replays_alike(program, random), program


def test_they_lead_to_an_equivalent_trace_where_one_task_is_named_in_several_rounds() -> None:
    program = Program(tuple([[("write", 0)], [("write", 0)]] for _ in range(3)))
    for seed in range(50):
        assert replays_alike(program, Random(seed))


def test_no_deviations_are_the_sequential_order() -> None:
    for seed in range(100):
        program = drawn(Random(seed), steps=STEPS, rounds=1 + seed % 2)
        sequential = execute(program, lowest_first)
        assert execute(program, FollowDeviations((), program.ids)) == sequential
        assert deviations_of(sequential.trace, program.ids) == ()


def test_an_order_of_independent_steps_needs_no_deviation() -> None:
    program = of([("write", 0), ("read", 9)], [("write", 1), ("read", 9)], [("add", 2)] * 2)
    for seed in range(30):
        trace = execute(program, RandomWalk(Random(seed))).trace
        assert deviations_of(trace, program.ids) == ()


def test_a_deviation_that_is_not_met_changes_nothing_and_is_known() -> None:
    program = of([("write", 0)], [("write", 0)])
    deviation = Deviation(("t0", "no such step", "", 1), "t1")
    follow = FollowDeviations([deviation], program.ids)
    assert execute(program, follow).outcome == execute(program, lowest_first).outcome
    assert follow.unused == [deviation]
