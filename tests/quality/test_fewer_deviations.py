"""A schedule that no deviation can be dropped from gives way to another with fewer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lockstep.case.deviation import Deviation, Schedule
from lockstep.case.file import Record, load
from lockstep.case.values import Case
from lockstep.run.fingerprint import signature_of
from lockstep.run.stores import MemoryStores
from lockstep.shrink.reduce import FEWER_LIMIT, Attempt, reduce
from lockstep.shrink.same_failure import AnyFailure, SameFailure
from lockstep.targets.named import open_steered
from lockstep.targets.steered import SteeredLane
from tests.repository import REPOSITORY

CASE = REPOSITORY / "corpora" / "mutants" / "X12a.json"
THERE_AND_BACK = (
    Deviation.parse("t0@publish -> t1"),
    Deviation.parse("t1@publish -> t0"),
)
"""The payments read before either writes, and the first one writes first."""


@pytest.fixture
def record() -> Record:
    return load(CASE)


@pytest.fixture
def lane(record: Record) -> Iterator[SteeredLane]:
    assert record.setting is not None
    with open_steered(record.setting, MemoryStores()) as lane:
        yield lane


def oracle_of(record: Record, lane: SteeredLane) -> SameFailure:
    """Return what takes any order of the two writes for the same: which is last is incidental."""
    run = lane.run_deviating(record.case, THERE_AND_BACK)
    return AnyFailure(lane, run.verdict, ())


class OneRemains(SameFailure):
    """Refuses the one schedule that dropping a deviation could lead to."""

    def attempt(self, case: Case, schedule: Schedule) -> Attempt:
        if schedule and len(schedule) < len(THERE_AND_BACK):
            return Attempt(None, 1)
        return super().attempt(case, schedule)


def test_a_schedule_with_fewer_deviations_is_found_where_dropping_finds_none(
    record: Record, lane: SteeredLane
) -> None:
    run = lane.run_deviating(record.case, THERE_AND_BACK)
    oracle = OneRemains(lane, signature_of(run))
    reduced = reduce(record.case, THERE_AND_BACK, oracle)
    assert len(reduced.schedule) == 1
    assert lane.run_deviating(reduced.case, reduced.schedule).verdict.is_failure


def test_the_search_keeps_its_limit_and_counts_its_executions(
    record: Record, lane: SteeredLane
) -> None:
    oracle = oracle_of(record, lane)
    found = oracle.fewer(record.case, THERE_AND_BACK, FEWER_LIMIT)
    assert found.schedule is not None
    assert 1 < found.executions < FEWER_LIMIT
    assert oracle.fewer(record.case, THERE_AND_BACK, 1) == Attempt(None, 1)


def test_there_is_nothing_fewer_than_one_deviation(record: Record, lane: SteeredLane) -> None:
    oracle = oracle_of(record, lane)
    assert oracle.fewer(record.case, THERE_AND_BACK[:1], FEWER_LIMIT) == Attempt(None, 1)
