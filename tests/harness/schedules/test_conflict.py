"""Which steps depend on each other, and which locations are fought over."""

from __future__ import annotations

from itertools import product

import pytest

from lockstep.schedules.conflict import contested, dependent, is_contested, predecessors
from lockstep_parallel.steps.drivers.scheduled import Pending
from lockstep_parallel.steps.ops import Key, Kind, Operation

READ, WRITE, ADD = Kind.READ, Kind.WRITE, Kind.ADD
X: Key = ("x",)
Y: Key = ("y",)
PAIRS = list(product(Kind, Kind))


def step(task: int, kind: Kind, *keys: Key, round_: int = 0) -> Pending:
    return Pending(task, Operation(kind, keys, kind.value), round_)


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_two_steps_on_one_key_depend_on_each_other_unless_both_read_or_both_add(
    left: Kind, right: Kind
) -> None:
    expected = left is not right or left is WRITE
    assert dependent(Operation(left, (X,), ""), Operation(right, (X,), "")) == expected


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_steps_on_different_keys_are_independent(left: Kind, right: Kind) -> None:
    assert not dependent(Operation(left, (X,), ""), Operation(right, (Y,), ""))
    assert not dependent(Operation(left, (), ""), Operation(right, (X,), ""))


def test_one_common_key_of_many_is_enough() -> None:
    left, right = Operation(WRITE, (X, Y), ""), Operation(READ, (("z",), Y), "")
    assert dependent(left, right)
    assert dependent(right, left)


def test_a_location_is_contested_if_two_tasks_touch_it_and_do_not_both_read_or_add() -> None:
    assert contested([step(0, READ, X), step(1, WRITE, X)]) == {(0, X)}
    assert contested([step(0, READ, X), step(1, ADD, X)]) == {(0, X)}
    assert contested([step(0, READ, X), step(1, READ, X)]) == set()
    assert contested([step(0, ADD, X), step(1, ADD, X)]) == set()
    assert contested([step(0, WRITE, X), step(0, READ, X), step(1, WRITE, Y)]) == set()


def test_steps_of_different_rounds_never_compete() -> None:
    steps = [step(0, WRITE, X), step(1, WRITE, X, round_=1)]
    assert contested(steps) == set()
    assert predecessors(steps) == [[], []]


def test_a_step_is_contested_if_one_of_its_keys_is() -> None:
    locations = contested([step(0, WRITE, X), step(1, WRITE, X)])
    assert is_contested(step(2, READ, Y, X), locations)
    assert not is_contested(step(2, READ, Y), locations)
    assert not is_contested(step(2, READ, X, round_=1), locations)


def test_a_step_must_follow_the_earlier_ones_of_other_tasks_that_it_depends_on() -> None:
    steps = [
        step(0, WRITE, X),
        step(1, READ, X),
        step(1, WRITE, Y),
        step(0, READ, Y),
        step(2, READ, X),
    ]
    assert predecessors(steps) == [[], [0], [], [2], [0]]
