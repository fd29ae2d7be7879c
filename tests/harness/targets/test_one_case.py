"""Running one case from Python: by class or by name, under many schedules or one, repeatably."""

from __future__ import annotations

import pytest

from lockstep.case.values import Case
from lockstep.faults import UsageError
from lockstep.generate.mixture import case_at
from lockstep.targets.one_case import run_case
from lockstep.verdict import Verdict
from lockstep_mutants.races import DestinationsMissing
from lockstep_parallel.executors.batched import Batched
from tests.harness.small import payment

RACE = "lockstep_mutants.races:DestinationsMissing"


def racing_case() -> Case:
    """Return a case that the mutant gets right in the sequential order, and wrong in another."""
    for number in range(100):
        case = case_at("one case", number)
        if run_case(case, RACE, schedule=()).verdict is Verdict.AGREE and (
            run_case(case, RACE).verdict is Verdict.DIVERGE
        ):
            return case
    raise AssertionError("no case races")


def test_the_schedules_of_a_campaign_find_what_the_sequential_order_does_not() -> None:
    case = racing_case()
    assert run_case(case, "batched").verdict is Verdict.AGREE


def test_a_class_is_run_as_its_name_is() -> None:
    case = racing_case()
    by_class, by_name = run_case(case, DestinationsMissing), run_case(case, RACE)
    assert by_class.verdict is Verdict.DIVERGE
    assert (by_class.differences, by_class.trace()) == (by_name.differences, by_name.trace())


def test_a_class_of_no_module_can_be_run() -> None:
    class Inner(Batched):
        name = "inner"

    assert run_case(payment(), Inner).verdict is Verdict.AGREE


def test_the_seed_chooses_the_schedules() -> None:
    case = racing_case()
    traces = {run_case(case, RACE, seed=seed).trace() for seed in "abcdefgh"}
    assert len(traces) > 1
    assert run_case(case, RACE, seed="a").trace() == run_case(case, RACE, seed="a").trace()


def test_real_threads_execute_a_block_once() -> None:
    run = run_case(payment(), "batched", workers=2, driver="threads")
    assert run.verdict is Verdict.AGREE
    assert run.executions == len(run.blocks)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"executor": "nobody"}, "unknown executor"),
        ({"driver": "nobody"}, "unknown driver"),
        ({"access": "nobody"}, "unknown access mode"),
        ({"workers": 0}, "cannot be built"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(words: dict[str, str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        run_case(payment(), **words)  # type: ignore[arg-type] # wrong words on purpose
