"""A single case of a campaign is the case that the campaign runs under that number."""

from __future__ import annotations

import pytest

from lockstep.campaign.plan import Plan
from lockstep.campaign.single import run_single
from lockstep.campaign.worker import CHUNK, Ran, Worker
from lockstep.case.file import Record, Setting, to_bytes
from lockstep.generate.carving import WHOLE, Carving, by_hand

SETTINGS = (Setting("race-canary"), Setting("dag"))


def plan_of(carving: Carving) -> Plan:
    return Plan("single", SETTINGS, storage="memory", mutated=0.3, carving=carving)


def told(ran: Ran) -> tuple[object, ...]:
    run = ran.run
    return ran.setting, to_bytes(Record(ran.case, {})), run.verdict, run.differences, run.trace()


@pytest.mark.parametrize("carving", [WHOLE, by_hand(None, "energy,raw")])
def test_it_is_the_same_byte_for_byte_and_runs_under_the_same_schedules(carving: Carving) -> None:
    plan = plan_of(carving)
    worker = Worker(plan, "all")
    try:
        runs = list(worker.runs(CHUNK, CHUNK))
        near = [ran.number for ran in runs if ran.case != worker.case(ran.number)]
    finally:
        worker.close()
    assert any(ran.run.verdict.is_failure for ran in runs)
    for number in (CHUNK, near[-1], 2 * CHUNK - 1):
        expected = [told(ran) for ran in runs if ran.number == number]
        assert len(expected) == len(SETTINGS)
        assert [told(ran) for ran in run_single(plan, number)] == expected
