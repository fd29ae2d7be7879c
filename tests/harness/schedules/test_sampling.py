"""The random strategies: repeatable, valid, and each with the property it is chosen for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import TypeAlias

import pytest

from lockstep.schedules.conflict import contested, is_contested
from lockstep.schedules.descent import Descent
from lockstep.schedules.pct import ProbabilisticConcurrency
from lockstep.schedules.pos import PartialOrderSampling
from lockstep.schedules.random_walk import RandomWalk
from lockstep.schedules.surw import SelectivelyUniform
from lockstep_parallel.steps.drivers.scheduled import Choose, Pending, lowest_first
from tests.harness.schedules.programs import (
    STEPS,
    Program,
    all_executions,
    drawn,
    execute,
    of,
    trace_of,
)

Strategy: TypeAlias = Callable[[Random, Sequence[Pending]], Choose]

STRATEGIES: dict[str, Strategy] = {
    "random walk": lambda random, _sample: RandomWalk(random),
    "pos": PartialOrderSampling,
    "pct": lambda random, sample: ProbabilisticConcurrency(random, 3, sample),
    "surw": SelectivelyUniform,
    "descent": lambda random, sample: Descent(random, contested(sample)),
}
each_strategy = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=list(STRATEGIES))


def sample_of(program: Program) -> tuple[Pending, ...]:
    return execute(program, lowest_first).trace


def order_of(steps: Sequence[Pending]) -> tuple[int, ...]:
    return tuple(step.task for step in steps)


def sampled(program: Program, strategy: Strategy, seed: int) -> tuple[int, ...]:
    return order_of(execute(program, strategy(Random(seed), sample_of(program))).trace)


class Checked:
    """Fails when what it wraps picks a position that is not on offer."""

    def __init__(self, choose: Choose) -> None:
        self._choose = choose

    def __call__(self, runnable: Sequence[Pending]) -> int:
        position = self._choose(runnable)
        assert type(position) is int
        assert 0 <= position < len(runnable)
        return position


@each_strategy
def test_a_strategy_picks_only_what_is_on_offer_even_where_its_sample_does_not_fit(
    strategy: Strategy,
) -> None:
    for seed in range(100):
        random = Random(seed)
        program = drawn(random, steps=(*STEPS, "wait"), rounds=1 + seed % 2, workers=2 + seed % 3)
        other = sample_of(drawn(Random(seed + 1)))
        for sample in (sample_of(program), other, ()):
            execute(program, Checked(strategy(random, sample)))


@each_strategy
def test_a_strategy_is_a_function_of_its_seed(strategy: Strategy) -> None:
    program = of(*[[("read", 0), ("write", 0), ("write", 1)]] * 3)
    first, again = ([sampled(program, strategy, seed) for seed in range(50)] for _ in range(2))
    assert first == again
    assert len(set(first)) > 10


@each_strategy
def test_a_strategy_reaches_every_trace_of_a_small_program(strategy: Strategy) -> None:
    program = of([("read", 0), ("write", 0)], [("read", 0), ("write", 0)])
    everything = all_executions(program, 100)
    assert everything is not None
    sample = sample_of(program)
    reached = {
        trace_of(execute(program, strategy(Random(seed), sample)).trace) for seed in range(300)
    }
    assert reached == {trace_of(each.trace) for each in everything}


# Random walk.


def test_a_random_walk_takes_every_choice_about_equally_often() -> None:
    walk = RandomWalk(Random(1))
    offers: list[Sequence[Pending]] = [sample_of(of([("read", 0)], [("read", 0)], [("read", 0)]))]
    counts = Counter(walk(offers[0]) for _ in range(3_000))
    assert sorted(counts) == [0, 1, 2]
    assert max(counts.values()) < 1.2 * min(counts.values())


# Partial order sampling.


def test_pos_samples_the_orders_of_conflicting_steps_however_long_the_tasks_are() -> None:
    """A step behind many private ones comes first about half the time, under POS only."""
    program = of([("write", 5)] * 12 + [("write", 0)], [("write", 0)])
    sample = execute(program, lowest_first).trace
    first = Counter(
        next(step.task for step in execute(program, choose).trace if step.operation.keys[0][1] == 0)
        for choose in (PartialOrderSampling(Random(seed), sample) for seed in range(400))
    )
    walks = Counter(
        next(step.task for step in execute(program, choose).trace if step.operation.keys[0][1] == 0)
        for choose in (RandomWalk(Random(seed)) for seed in range(400))
    )
    assert first[0] > 10 * walks[0]


def test_pos_draws_priorities_anew_for_what_a_taken_step_conflicts_with() -> None:
    steps = sample_of(of([("write", 0)], [("write", 0)], [("write", 1)], [("write", 1)]))
    choose = PartialOrderSampling(Random(3), steps)
    taken = steps[choose(steps)]
    assert set(choose._priorities) == ({0, 1} if taken.task >= 2 else {2, 3})


def test_pos_takes_steps_that_nobody_contests_first() -> None:
    steps = sample_of(of([("write", 0)], [("write", 0)], [("write", 1)]))
    assert all(
        steps[PartialOrderSampling(Random(seed), steps)(steps)].task == 2 for seed in range(20)
    )


# Probabilistic concurrency testing.


def switches(trace: Sequence[Pending]) -> int:
    """Count how often a task is left before it has ended."""
    last = {step.task: number for number, step in enumerate(trace)}
    return sum(
        left.task != right.task and last[left.task] != number
        for number, (left, right) in enumerate(pairwise(trace))
    )


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_pct_leaves_an_unfinished_task_at_most_once_a_change_of_priority(depth: int) -> None:
    most = 0
    for seed in range(300):
        random = Random(seed)
        program = drawn(random, steps=("read", "write", "add"))
        choose = ProbabilisticConcurrency(random, depth, sample_of(program))
        most = max(most, switches(execute(program, choose).trace))
    assert most == depth - 1


def test_pct_changes_priorities_at_contested_steps_only() -> None:
    program = of([("write", task) for task in (5, 5, 0)], [("write", task) for task in (6, 6, 0)])
    locations = contested(sample_of(program))
    for seed in range(200):
        choose = ProbabilisticConcurrency(Random(seed), 3, sample_of(program))
        trace = execute(program, choose).trace
        for number, (left, right) in enumerate(pairwise(trace)):
            waiting = [step for step in trace[number + 1 :] if step.task == left.task]
            if left.task != right.task and waiting:
                assert is_contested(waiting[0], locations)


def test_pct_runs_one_task_after_another_where_no_priority_changes() -> None:
    program = of(*[[("write", 0)] * 3] * 3)
    orders = {
        sampled(program, lambda r, s: ProbabilisticConcurrency(r, 1, s), n) for n in range(99)
    }
    assert len(orders) == 6


# Selectively uniform random walk.


@pytest.mark.parametrize(
    "program",
    [
        of([("write", 0)] * 2, [("write", 0)] * 2),
        of([("write", 0)] * 3, [("write", 0)]),
        of([("read", 0), ("write", 0)], [("write", 0)], [("write", 0)]),
        of([("write", 5)] * 8 + [("write", 0)], [("write", 0), ("write", 6)], [("write", 0)]),
    ],
)
def test_surw_is_uniform_over_the_orders_on_the_contested_location(program: Program) -> None:
    sample = sample_of(program)
    (location,) = contested(sample)
    counts: Counter[tuple[int, ...]] = Counter()
    for seed in range(2_000):
        trace = execute(program, SelectivelyUniform(Random(seed), sample)).trace
        counts[order_of([step for step in trace if location[1] in step.operation.keys])] += 1
    everything = all_executions(program, 100_000)
    assert everything is not None
    assert set(counts) == {
        order_of([step for step in each.trace if location[1] in step.operation.keys])
        for each in everything
    }
    assert max(counts.values()) <= 2 * min(counts.values())


def test_surw_chooses_among_all_contested_locations() -> None:
    program = of([("write", 0), ("write", 1)], [("write", 1), ("write", 0)])
    sample = sample_of(program)
    chosen = {SelectivelyUniform(Random(seed), sample)._location for seed in range(50)}
    assert chosen == contested(sample)


# Descent.


def test_the_estimate_of_a_descent_is_right_on_average() -> None:
    for program in (
        of([("write", 0)] * 2, [("write", 0)] * 3),
        of([("read", 0), ("write", 0)], [("read", 0), ("write", 0)], [("write", 0)]),
    ):
        everything = all_executions(program, 10_000)
        assert everything is not None
        total = 0
        for seed in range(2_000):
            descent = Descent(Random(seed), contested(sample_of(program)))
            execute(program, descent)
            total += descent.estimate
        assert abs(total / 2_000 - len(everything)) < 0.1 * len(everything)


def test_a_descent_does_not_count_steps_that_nothing_competes_with() -> None:
    program = of([("write", 5)] * 5 + [("write", 0)], [("write", 6)] * 5 + [("write", 0)])
    descent = Descent(Random(1), contested(sample_of(program)))
    execute(program, descent)
    assert descent.estimate == 2
