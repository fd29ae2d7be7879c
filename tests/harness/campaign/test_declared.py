"""Cases are made for what the targets of a campaign declare, and stay as they are for others."""

from __future__ import annotations

from typing import Any

import pytest

from lockstep.campaign.plan import Plan
from lockstep.campaign.worker import Worker
from lockstep.case.file import Setting
from lockstep.case.values import BlockStep, Case, Intent
from lockstep.generate.mixture import case_at
from lockstep.generate.wide import payers
from lockstep.targets.program.target import ProgramTarget
from tests.harness.targets.program.inside import Inside, inside

NUMBERS = range(60)


def declaring(**capabilities: object) -> Any:
    def flaw(_: Inside, request: Any, answer: Any) -> Any:
        right = answer(request)
        if right["type"] == "hello":
            right["capabilities"] |= capabilities
        return right

    return flaw


class All(ProgramTarget):
    """Declares all there is."""

    def __init__(self, name: str) -> None:
        super().__init__(name, inside("dag"))


class Tips(ProgramTarget):
    """Takes references to the newest version, and has no parallel path."""

    def __init__(self, name: str) -> None:
        super().__init__(name, inside("dag", declaring(references=["tip"], parallel=False)))


class Plain(ProgramTarget):
    """Takes no references, and has no parallel path."""

    def __init__(self, name: str) -> None:
        super().__init__(name, inside("dag", declaring(references=[], parallel=False)))


def cases(*executors: str) -> list[Case]:
    settings = tuple(Setting(each) for each in executors)
    worker = Worker(Plan(seed="declared", settings=settings, storage="memory"), "worker")
    try:
        return [worker.case(number) for number in NUMBERS]
    finally:
        worker.close()


def references(found: list[Case]) -> set[int | None]:
    return {
        each.reference
        for case in found
        for step in case.steps
        if isinstance(step, BlockStep)
        for each in step.transactions
        if isinstance(each, Intent)
    }


@pytest.mark.parametrize("executors", [("batched",), (f"{__name__}:Plain",)])
def test_a_case_is_what_was_generated_for_targets_that_declare_nothing(
    executors: tuple[str, ...],
) -> None:
    assert cases(*executors) == [case_at("declared", number) for number in NUMBERS]


def test_transactions_name_versions_of_the_kinds_that_a_program_declares() -> None:
    assert references(cases(f"{__name__}:Tips")) == {0}
    assert len(references(cases(f"{__name__}:All"))) > 2


def test_several_programs_get_the_kinds_that_all_of_them_take() -> None:
    both = cases(f"{__name__}:All", f"{__name__}:Tips")
    assert references(both) == {0}
    assert references(cases(f"{__name__}:All", f"{__name__}:Plain")) == {None}
    assert len(references(cases(f"{__name__}:All", "batched"))) > 2


def test_blocks_are_widened_for_a_program_with_a_parallel_path() -> None:
    found = cases(f"{__name__}:All")
    assert any(not set(case.state.accounts).isdisjoint(payers()) for case in found)
    for case in cases(f"{__name__}:Tips"):
        assert set(case.state.accounts).isdisjoint(payers())
