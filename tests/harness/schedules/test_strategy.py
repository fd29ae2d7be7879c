"""Strategies by name: those that are there, and one that a user writes in one file."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.faults import HarnessFault, UsageError
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import DRAWN, Mix
from lockstep.schedules.strategy import STRATEGIES, strategy_named
from lockstep.targets.named import open_steered
from lockstep.targets.steered import STEP_LIMIT
from lockstep.verdict import Verdict
from tests.harness.small import block, case_of, pays

RACE = Setting("race-canary")
RACING = case_of(block(pays("t0", 0), pays("t1", 1)))

MINE = """
class HighestFirst:
    def __init__(self, random, sample):
        self.steps = len(sample)

    def __call__(self, runnable):
        return len(runnable) - 1

class Nowhere(HighestFirst):
    def __call__(self, runnable):
        return len(runnable)

class Broken:
    def __init__(self, random, sample):
        raise ValueError("not today")

def no_choice(random, sample):
    return None
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_strategies.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def run_with(name: str, case: Case = RACING) -> Run:
    with open_steered(RACE, MemoryStores()) as lane:
        mix = Mix(STEP_LIMIT, strategy_named(name))
        return lane.run_mixed(case, Random(1), mix)


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_each_strategy_finds_a_race_by_itself(name: str) -> None:
    assert run_with(name).verdict is Verdict.DIVERGE


@pytest.mark.usefixtures("mine")
def test_a_strategy_in_a_file_of_the_users_own_finds_a_race() -> None:
    assert run_with("my_strategies:HighestFirst").verdict is Verdict.DIVERGE


def test_a_strategy_draws_a_fixed_number_of_executions_after_the_sequential_one() -> None:
    with open_steered(Setting("optimistic-rounds"), MemoryStores()) as lane:
        run = lane.run_mixed(RACING, Random(1), Mix(STEP_LIMIT, strategy_named("pos")))
    assert run.verdict is Verdict.AGREE
    assert run.executions == 1 + DRAWN


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unheard-of", "unknown strategy 'unheard-of'"),
        ("my_strategies:Missing", "has no class Missing"),
        ("no_such_module:X", "cannot import no_such_module"),
        ("my_strategies:Broken", "cannot be built: ValueError: not today"),
        ("my_strategies:no_choice", "is not callable"),
    ],
)
def test_what_is_no_strategy_is_a_usage_error(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        run_with(name)


@pytest.mark.usefixtures("mine")
def test_an_answer_that_was_not_offered_is_a_fault_that_names_the_strategy() -> None:
    with pytest.raises(HarnessFault, match="my_strategies:Nowhere: expected one of 2 positions"):
        run_with("my_strategies:Nowhere")
