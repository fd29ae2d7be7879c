"""The project's claim, as a Hypothesis property over generated cases."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.generate.strategies import cases
from lockstep.run.stores import Stores, open_stores
from lockstep.schedules.mix import Mix
from lockstep.targets.canary import Canary
from lockstep.targets.inside import InsideTarget
from lockstep.targets.named import open_steered
from lockstep.targets.steered import STEP_LIMIT
from lockstep.verdict import Verdict

EXAMPLES = 200

MANY_TRACES = ("dag", "dag-credits", "optimistic", "optimistic-credits", "optimistic-rounds")
"""Executors whose every block has so many traces that one random schedule a case must do here."""

generated = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module", params=["memory", "rocksdb"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    with open_stores(request.param) as opened:
        yield opened


@pytest.fixture(
    scope="module",
    params=[
        "batched",
        "batched-credits",
        "batched-workers",
        "dag",
        "dag-credits",
        "optimistic",
        "optimistic-credits",
        "optimistic-rounds",
        "auto",
        "pipelined",
    ],
)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@generated
@given(case=cases(), seed=st.integers(0, 2**32))
def test_every_case_agrees_under_the_campaigns_schedules(
    case: Case, seed: int, name: str, stores: Stores
) -> None:
    with open_steered(Setting(name, workers=2), stores) as lane:
        if name in MANY_TRACES:
            run = lane.run_random(case, Random(seed))
        else:
            run = lane.run_mixed(case, Random(seed), Mix(STEP_LIMIT))
    assert run.verdict is Verdict.AGREE, run.differences


@generated
@given(case=cases())
def test_every_case_agrees_on_real_threads(case: Case, name: str, stores: Stores) -> None:
    with open_steered(Setting(name, workers=2, driver="threads"), stores) as lane:
        run = lane.run_sequential(case)
    assert run.verdict is Verdict.AGREE, run.differences


def test_hypothesis_finds_an_executor_that_never_debits(stores: Stores) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(case=cases())
    def holds(case: Case) -> None:
        with open_steered(Setting("canary"), stores, InsideTarget("canary", Canary)) as lane:
            assert lane.run_sequential(case).verdict is Verdict.AGREE

    with pytest.raises(AssertionError):
        holds()
