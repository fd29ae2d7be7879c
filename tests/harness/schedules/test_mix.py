"""The mix: what one block is run under, and when that is every trace."""

from __future__ import annotations

from random import Random
from typing import cast

import pytest

from lockstep.schedules.descent import Descent
from lockstep.schedules.dpor import Redundant
from lockstep.schedules.mix import (
    ALLOWED_PER_BLOCK,
    MOST_TRACES,
    SAMPLES,
    SAMPLES_OF_ONE,
    WEIGHTS,
    Mix,
    luby,
)
from lockstep_parallel.steps.drivers.protocol import Hang
from lockstep_parallel.steps.drivers.scheduled import Scheduled, lowest_first
from tests.harness.schedules.programs import (
    Execution,
    Program,
    all_executions,
    drawn,
    execute,
    of,
    trace_of,
)

CONTESTED = of([("read", 0), ("write", 0)], [("read", 0), ("write", 0)])
ALIKE = of([("read", 1), ("write", 1)], [("read", 1), ("write", 1)])
MANY = of(*[[("read", 0), ("write", 0)] * 3] * 4)


class Underestimating(Descent):
    """Finds no more than one order of the steps."""

    estimate = property(lambda _: 1, lambda *_: None)


def mixed(program: Program, mix: Mix, seed: int = 0) -> list[Execution]:
    found = []
    for driver in mix.drivers(Random(seed)):
        scheduled = cast("Scheduled", driver)
        try:
            execution = execute(program, scheduled.choose)
        except (Redundant, Hang):
            continue
        scheduled.trace += execution.trace
        found.append(execution)
    return found


def test_the_first_execution_is_the_sequential_one() -> None:
    for seed in range(30):
        program = drawn(Random(seed))
        assert mixed(program, Mix(1_000), seed)[0] == execute(program, lowest_first)


def test_an_uncontested_block_is_executed_once_and_counts_as_exhausted() -> None:
    mix = Mix(1_000)
    assert len(mixed(of([("write", 0)], [("write", 1)]), mix)) == 1
    assert mix.exhausted == 1


def test_a_contested_block_with_one_trace_is_executed_twice_and_counts_as_exhausted() -> None:
    mix = Mix(1_000)
    assert len(mixed(of([("write", 0)], [("wait", 0)]), mix)) == 2
    assert mix.exhausted == 1


def test_a_case_of_its_own_is_executed_in_all_traces_where_there_are_few() -> None:
    mix = Mix.for_one_case(1_000)
    everything = all_executions(CONTESTED, 100)
    assert everything is not None
    found = {trace_of(each.trace) for each in mixed(CONTESTED, mix)}
    assert found == {trace_of(each.trace) for each in everything}
    assert mix.exhausted == 1


def test_a_case_of_its_own_is_sampled_often_where_there_are_many_traces() -> None:
    mix = Mix.for_one_case(1_000)
    sequential, searched, descent = 1, 1, 1
    assert len(mixed(MANY, mix)) == sequential + searched + descent + SAMPLES_OF_ONE
    assert mix.exhausted == 0


def test_a_new_behaviour_leads_to_all_traces_once_earlier_blocks_have_paid_for_them() -> None:
    mix = Mix(1_000)
    everything = all_executions(CONTESTED, 100)
    assert everything is not None
    for _ in range(4 * len(everything)):
        mixed(of([("write", 0)], [("write", 1)]), mix)
    before = mix.exhausted
    found = {trace_of(each.trace) for each in mixed(CONTESTED, mix)}
    assert found == {trace_of(each.trace) for each in everything}
    assert mix.exhausted == before + 1


def test_where_every_block_behaves_in_a_new_way_their_samples_follow_lubys_sequence() -> None:
    mix = Mix(1_000, allowance=10_000)
    sequential, searched, descent = 1, 1, 1
    spent = []
    for seed in range(15):
        mix.seen.clear()
        spent.append(len(mixed(MANY, mix, seed)) - sequential - searched - descent)
    assert spent == [SAMPLES * each for each in (1, 1, 2, 1, 1, 2, 4, 1, 1, 2, 1, 1, 2, 4, 8)]


def test_new_behaviours_never_cost_more_than_the_blocks_have_added_to_the_allowance() -> None:
    mix = Mix(1_000)
    blocks = 200
    sequential, searched, descent = 1, 1, 1
    cost = 0
    for seed in range(blocks):
        mix.seen.clear()
        cost += len(mixed(MANY, mix, seed)) - sequential - searched
        assert 0 <= cost <= (seed + 1) * (ALLOWED_PER_BLOCK + descent)
        assert mix.allowance >= 0
    assert cost > blocks * ALLOWED_PER_BLOCK // 2


def test_lubys_sequence_is_after_every_power_of_two_what_it_was_before_and_that_power() -> None:
    terms = [luby(number) for number in range(1, 128)]
    for power in range(1, 7):
        length = 2**power - 1
        assert terms[: 2 * length + 1] == [*terms[:length], *terms[:length], 2**power]


def test_a_behaviour_seen_before_leads_to_no_more_than_two_executions() -> None:
    mix = Mix(1_000)
    for seed in range(20):
        mixed(CONTESTED, mix, seed)
    known = len(mix.seen)
    assert all(len(mixed(CONTESTED, mix, seed)) == 2 for seed in range(20, 40))
    assert len(mix.seen) == known


def test_blocks_that_conflict_alike_behave_alike_whatever_accounts_they_touch() -> None:
    mix = Mix(1_000)
    for seed in range(20):
        mixed(CONTESTED, mix, seed)
    assert len(mixed(ALIKE, mix, 20)) == 2


def test_a_search_that_too_few_workers_may_have_limited_is_followed_by_samples() -> None:
    mix = Mix.for_one_case(1_000)
    limited = Program(CONTESTED.rounds, workers=1)
    assert len(mixed(limited, mix)) > SAMPLES_OF_ONE
    assert mix.exhausted == 0


def test_a_search_that_finds_far_more_traces_than_estimated_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mix = Mix.for_one_case(1_000)
    monkeypatch.setattr("lockstep.schedules.mix.Descent", Underestimating)
    assert len(mixed(MANY, mix)) <= MOST_TRACES + SAMPLES_OF_ONE + 4
    assert mix.exhausted == 0


def test_every_strategy_of_the_mix_is_drawn() -> None:
    names = {
        type(Mix(1_000)._drawn(Random(seed), list(execute(CONTESTED, lowest_first).trace))).__name__
        for seed in range(100)
    }
    assert len(names) == len(WEIGHTS)


def test_the_mix_is_a_function_of_its_random_stream() -> None:
    first, again = (
        [[(s.task, s.operation.label) for s in each.trace] for each in mixed(MANY, Mix(1_000), 7)]
        for _ in range(2)
    )
    assert first == again
