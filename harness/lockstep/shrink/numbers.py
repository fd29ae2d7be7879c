"""Passes that make numbers smaller, alone and where they are tied to each other.

Invariant: every candidate has at least one smaller number and no larger one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from lockstep.case.values import Case
from lockstep.shrink.places import number_at, places, put

NEAR = 40_000
"""Amounts this close to each other are taken to be tied: equal but for fees and off-by-ones."""

PAIR_HALVINGS = 12


def lower_numbers(case: Case) -> Iterator[Case]:
    """Offer every number at 0, at 1, and less by a half, a quarter, and so on down to one."""
    for path in places(case):
        number = number_at(case, path)
        steps = (number - (number >> shift) for shift in range(1, number.bit_length() + 1))
        for lower in dict.fromkeys((0, 1, *steps, number - 1)):
            if 0 <= lower < number:
                yield put(case, path, lower)


def lower_tied_numbers(case: Case) -> Iterator[Case]:
    """Offer numbers of about the same size lowered together, all of them and in pairs."""
    numbers = {path: number_at(case, path) for path in places(case)}
    for number in sorted(set(numbers.values()), reverse=True):
        group = [path for path, each in numbers.items() if abs(each - number) <= NEAR]
        lowest = min(numbers[path] for path in group)
        for delta in dict.fromkeys((lowest, lowest - 1, number // 2)):
            if len(group) > 1 and 0 < delta <= lowest:
                yield _lowered(case, [(path, numbers[path] - delta) for path in group])
    large = [path for path, number in numbers.items() if number > 1]
    for left, right in combinations(large, 2):
        most = min(numbers[left], numbers[right])
        for less in (most, most - 1, *(most >> shift for shift in range(1, PAIR_HALVINGS))):
            pair = [(left, numbers[left] - less), (right, numbers[right] - less)]
            if less > 0:
                yield _lowered(case, pair)


def _lowered(case: Case, numbers: list[tuple[tuple[object, ...], int]]) -> Case:
    for path, number in numbers:
        case = put(case, path, number)
    return case
