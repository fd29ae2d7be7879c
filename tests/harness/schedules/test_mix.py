"""The mix: what one block is run under, and when that is every trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import cast

import pytest

from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.run.stores import MemoryStores
from lockstep.schedules.breadth_first import BreadthFirst
from lockstep.schedules.descent import Descent
from lockstep.schedules.dpor import Redundant
from lockstep.schedules.mix import (
    ALLOWED_PER_BLOCK,
    MOST_DEVIATING,
    MOST_DEVIATIONS,
    MOST_TRACES,
    SAMPLES,
    SAMPLES_OF_ONE,
    WEIGHTS,
    Mix,
    luby,
)
from lockstep.targets.named import open_steered
from lockstep.targets.steered import SteeredLane
from lockstep_ledger.model import NATIVE, Account, Chain, State
from lockstep_parallel.steps.drivers.protocol import Driver, Hang
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
from tests.harness.small import ALICE, BOB, CAROL, MINER, RICH, block, pays

CONTESTED = of([("read", 0), ("write", 0)], [("read", 0), ("write", 0)])
ALIKE = of([("read", 1), ("write", 1)], [("read", 1), ("write", 1)])
MANY = of(*[[("read", 0), ("write", 0)] * 3] * 4)


class Underestimating(Descent):
    """Finds no more than one order of the steps."""

    estimate = property(lambda _: 1, lambda *_: None)


def mixed(program: Program, mix: Mix, seed: int = 0, ids: tuple[str, ...] = ()) -> list[Execution]:
    found = []
    for driver in mix.drivers(Random(seed), ids):
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


# Few deviations.

PAIR, QUADRUPLE = ("t0", "t1"), ("t0", "t1", "t2", "t3")
LONG_PAIR = of(*[[("read", 0), ("write", 0)] * 3] * 2)
FOUR = of(*[[("read", 0)], [("write", 0)], [("write", 0)], [("write", 0)]])


def with_few_deviations(program: Program, ids: tuple[str, ...]) -> list[Execution]:
    """Execute ``program`` under all schedules of at most two deviations."""
    return [
        execute(program, choose) for choose in BreadthFirst(ids, 10_000, deepest=2).executions()
    ]


@pytest.mark.parametrize(("program", "ids"), [(CONTESTED, PAIR), (LONG_PAIR, PAIR)])
def test_a_share_of_the_small_blocks_is_executed_under_all_schedules_of_two_deviations(
    program: Program, ids: tuple[str, ...]
) -> None:
    whole = with_few_deviations(program, ids)
    sequential = execute(program, lowest_first)
    drawn_so = [
        seed for seed in range(300) if mixed(program, Mix(1_000), seed, ids) == [sequential, *whole]
    ]
    assert 0 < len(drawn_so) < 150


def test_a_block_is_drawn_the_rarer_the_more_schedules_it_has() -> None:
    """What it costs on average is about an execution a block."""
    blocks = 600
    whole = with_few_deviations(LONG_PAIR, PAIR)
    drawn_so = sum(
        len(mixed(LONG_PAIR, Mix(1_000), seed, PAIR)) == 1 + len(whole) for seed in range(blocks)
    )
    assert 0 < drawn_so * len(whole) < 3 * blocks


def test_a_large_block_is_never_executed_so() -> None:
    for seed in range(100):
        alone = mixed(FOUR, Mix(1_000), seed)
        assert mixed(FOUR, Mix(1_000), seed, QUADRUPLE) == alone


def test_workers_are_executed_so_too() -> None:
    """Two workers of which each takes one transaction: the second never begins by default."""
    account = Account(0, {NATIVE: RICH})
    state = State(Chain(), {ALICE: account, BOB: account})
    second = replace(pays("t1", 0, receiver=MINER), source=BOB)
    case = Case(state, (block(pays("t0", 0, receiver=CAROL), second),))
    setting = Setting("batched-workers", workers=2)
    with open_steered(setting, MemoryStores()) as lane:
        whole = lane.run_breadth_first(case, MOST_DEVIATING).executions
        counts = {lane.run_mixed(case, Random(seed), Mix(1_000)).executions for seed in range(200)}
        few = len(list(few_of(lane, case)))
    assert whole >= few
    assert 1 + few in counts


def few_of(lane: SteeredLane, case: Case) -> Iterator[None]:
    """Count the schedules of at most two deviations by executing them."""
    counted: list[None] = []

    def ways(ids: tuple[str, ...]) -> Iterator[Driver]:
        for choose in BreadthFirst(ids, MOST_DEVIATING, MOST_DEVIATIONS).executions():
            counted.append(None)
            yield Scheduled(choose, 1_000)

    lane.run(case, ways)
    yield from counted
