"""What a shrunk case needs is switched off in most cases, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lockstep.case.file import load
from lockstep.case.values import Case
from lockstep.generate.mixture import case_at
from lockstep.generate.needs import NEEDS, needs_of, shared_needs
from tests.harness.small import payment
from tests.repository import REPOSITORY

MUTANTS = REPOSITORY / "corpora" / "mutants"
SEED = "needs"
CASES = 400


def mutant(name: str) -> Case:
    return load(MUTANTS / f"{name}.json").case


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("T09-burn", {"burns"}),
        ("T09-multisig", {"multisigs"}),
        ("T11a", {"rewards"}),
        ("T05-multisig", {"multisigs", "flaws"}),
        ("T02a", set()),
    ],
)
def test_a_case_needs_what_shrinking_could_not_take_from_it(name: str, needs: set[str]) -> None:
    assert needs_of(mutant(name)) == needs


def test_several_cases_need_what_all_of_them_have() -> None:
    burn, both = mutant("T09-burn"), mutant("T05-multisig")
    assert shared_needs([both, mutant("T09-multisig")]) == {"multisigs"}
    assert shared_needs([burn, both]) == shared_needs([]) == frozenset()
    assert needs_of(payment()) == frozenset()


def share(has: Callable[[Case], bool], needs: tuple[frozenset[str], ...]) -> float:
    return sum(has(case_at(SEED, number, needs=needs)) for number in range(CASES)) / CASES


@pytest.mark.parametrize("feature", ["burns", "multisigs", "rewards", "atomic", "several_outputs"])
def test_generation_leans_away_from_what_is_needed_and_does_not_give_it_up(feature: str) -> None:
    has = NEEDS[feature]
    before, after = share(has, ()), share(has, (frozenset({feature}),))
    assert 0 < after < before / 2
    others = [each for each in ("burns", "rewards") if each != feature]
    for other in others:
        assert share(NEEDS[other], (frozenset({feature}),)) > share(NEEDS[other], ()) / 2


def test_where_nothing_is_needed_the_cases_are_those_of_the_seed() -> None:
    for number in range(30):
        assert case_at(SEED, number, needs=(frozenset(),)) == case_at(SEED, number)
