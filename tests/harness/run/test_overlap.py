"""What executions tell of how parallel they were is counted where it says something, and gated."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from lockstep.campaign import health
from lockstep.campaign.health import ENOUGH_EXECUTIONS, LEAST_OVERLAP, overlap_complaint
from lockstep.case.file import Setting
from lockstep.cli.main import main
from lockstep.run.overlap import NONE_TOLD, Overlap, seen
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.program.target import ProgramLane, ProgramTarget
from tests.harness.small import block, case_of, pays
from tests.harness.targets.program.inside import Inside, inside


@pytest.mark.parametrize(
    ("workers", "transactions", "told", "counted"),
    [
        (4, 2, 2, Overlap(1, 1, 2)),
        (4, 9, 1, Overlap(1, 0, 1)),
        (4, 9, None, NONE_TOLD),
        (1, 9, 1, NONE_TOLD),
        (4, 1, 1, NONE_TOLD),
    ],
)
def test_an_execution_counts_if_it_could_overlap_and_told(
    workers: int, transactions: int, told: int | None, counted: Overlap
) -> None:
    assert seen(workers, transactions, told) == counted


def test_overlaps_add_up() -> None:
    whole = Overlap(10, 4, 3) + Overlap(30, 0, 1)
    assert whole == Overlap(40, 4, 3)
    assert whole.share == 0.1
    assert NONE_TOLD.share == 0


def test_too_little_overlap_is_a_complaint_and_few_executions_are_none() -> None:
    enough = ENOUGH_EXECUTIONS
    assert overlap_complaint("x", Overlap(enough, 0, 1)) is not None
    assert overlap_complaint("x", Overlap(enough - 1, 0, 1)) is None
    assert overlap_complaint("x", Overlap(enough, round(enough * LEAST_OVERLAP), 2)) is None


def test_a_run_carries_what_its_executions_told() -> None:
    """Of five executions of a block, those with one worker cannot overlap."""
    case = case_of(block(pays("t0", 0), pays("t1", 1)))

    def told(_: Inside, request: Any, answer: Any) -> Any:
        right = answer(request)
        if request["type"] == "execute_block":
            right["statistics"]["highest_concurrency"] = min(2, request["workers"])
        return right

    with ProgramLane(inside("dag", told), Setting("told"), MemoryStores()) as lane:
        assert lane.run_mixed(case, Random(0), Mix(1000)).overlap == Overlap(4, 4, 2)
        assert lane.run_mixed(case, Random(0), Mix(1000)).overlap == Overlap(4, 4, 2)


class Lonely(ProgramTarget):
    """Serves an executor that has one transaction in progress, and says so."""

    def __init__(self, name: str) -> None:
        super().__init__(name, inside("dag", lonely))


def lonely(_: Inside, request: Any, answer: Any) -> Any:
    right = answer({**request, "schedule": None} if "block" in request else request)
    if request["type"] == "execute_block":
        right["statistics"]["highest_concurrency"] = 1
    return right


def test_a_campaign_on_what_never_overlaps_fails_its_gate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "ENOUGH_EXECUTIONS", 50)
    name = f"{__name__}:Lonely"
    command = ["fuzz", "--cases", "120", "--seed", "s", "--storage", "memory", "--executor", name]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 4, result.output
    assert "overlaps too little" in result.output
    assert "0.0% of" in result.output


def test_a_campaign_on_what_overlaps_says_how_much() -> None:
    name = f"{__name__}:Sociable"
    command = ["fuzz", "--cases", "60", "--seed", "s", "--storage", "memory", "--executor", name]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "executions with two or more in progress" in " ".join(result.output.split())


class Sociable(ProgramTarget):
    """Serves an executor that overlaps under its seeds."""

    def __init__(self, name: str) -> None:
        super().__init__(name, inside("dag"))
