"""The exhaustive search sees what every order of the steps would show, each trace once."""

from __future__ import annotations

from random import Random

import pytest

from lockstep.schedules.dpor import Exhaustive, Redundant
from tests.harness.schedules.programs import (
    STEPS,
    Execution,
    Program,
    all_executions,
    drawn,
    execute,
    of,
    trace_of,
)

PROGRAMS = 300
BRUTE_LIMIT = 400


def searched(program: Program, random: Random | None = None) -> tuple[list[Execution], Exhaustive]:
    search = Exhaustive(random)
    found = []
    for choose in search.executions():
        try:
            found.append(execute(program, choose))
        except Redundant:
            continue
    return found, search


def agrees_with_brute_force(program: Program, random: Random | None) -> bool:
    """Compare the search with all orders; False if these are too many to try."""
    everything = all_executions(program, BRUTE_LIMIT)
    if everything is None:
        return False
    found, search = searched(program, random)
    traces = [trace_of(each.trace) for each in found]
    assert {each.outcome for each in found} == {each.outcome for each in everything}, program
    assert set(traces) == {trace_of(each.trace) for each in everything}, program
    assert len(traces) == len(set(traces)), program
    assert search.finished == len(found)
    assert search.ended
    return True


def test_the_search_agrees_with_brute_force_on_random_programs() -> None:
    compared = seed = 0
    while compared < PROGRAMS:
        random = Random(seed)
        steps = (*STEPS, "wait") if seed % 3 == 0 else STEPS
        program = drawn(random, steps=steps)
        compared += agrees_with_brute_force(program, Random(seed) if seed % 2 else None)
        seed += 1


def test_the_search_agrees_with_brute_force_where_one_round_follows_another() -> None:
    compared = sum(
        agrees_with_brute_force(drawn(Random(seed), tasks=(2,), rounds=2), None)
        for seed in range(40)
    )
    assert compared >= 20


@pytest.mark.parametrize("workers", [1, 2])
def test_the_search_says_so_where_too_few_workers_may_make_it_miss_a_trace(workers: int) -> None:
    missed = 0
    for seed in range(60):
        program = drawn(Random(seed), tasks=(3,), workers=workers)
        found, search = searched(program)
        everything = all_executions(program, BRUTE_LIMIT) or []
        if {trace_of(each.trace) for each in everything} - {trace_of(each.trace) for each in found}:
            assert search.limited
            missed += 1
    assert missed


def test_the_search_is_not_limited_by_enough_workers() -> None:
    for seed in range(60):
        program = drawn(Random(seed), tasks=(3,), steps=(*STEPS, "wait"), workers=3)
        assert not searched(program)[1].limited


def test_independent_tasks_need_one_execution() -> None:
    found, search = searched(of(*([("write", task)] * 3 for task in range(4))))
    assert (len(found), search.finished, search.redundant) == (1, 1, 0)


def test_readers_need_one_execution_and_so_do_adders() -> None:
    for step in ("read", "add"):
        assert len(searched(of(*[[(step, 0), (step, 0)]] * 3))[0]) == 1


def test_writers_of_one_key_need_one_execution_an_order() -> None:
    assert len(searched(of(*[[("write", 0)]] * 4))[0]) == 24


def test_a_program_that_can_hang_is_found_hanging() -> None:
    found, _ = searched(of([("wait", 0)], [("read", 0)]))
    assert {each.outcome for each in found} == {(("hang",), ())}


def test_the_first_execution_is_the_sequential_one() -> None:
    found, _ = searched(of([("write", 0), ("write", 0)], [("write", 0)]))
    assert [step.task for step in found[0].trace] == [0, 0, 1]


def test_the_search_is_repeatable_and_its_order_is_the_random_stream_s_only() -> None:
    program = drawn(Random(5), tasks=(3,))
    runs = [[each.trace for each in searched(program, Random(7))[0]] for _ in range(2)]
    steps = [[[(s.task, s.operation.label) for s in trace] for trace in run] for run in runs]
    assert steps[0] == steps[1]


def test_an_executor_that_is_not_deterministic_is_noticed() -> None:
    executions = Exhaustive().executions()
    execute(of([("write", 0)], [("write", 0)]), next(executions))
    choose = next(executions)
    with pytest.raises(AssertionError, match="not deterministic"):
        execute(of([("write", 0)], []), choose)
