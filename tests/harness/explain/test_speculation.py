"""Speculation is told by transaction and incarnation, and of a correct executor nothing is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep.explain.incarnations import (
    abandoned,
    given_up,
    incarnations_of,
    left_behind,
    stale_reads,
)
from lockstep.explain.observe import observe
from lockstep.explain.sentence import GIVEN_UP, sentence
from lockstep.generate.mixture import case_at
from lockstep.shrink.same_failure import schedule_of
from lockstep.streams import stream
from lockstep_ledger.block import Block
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.executors.optimistic.chain import BASE, Version
from lockstep_parallel.executors.optimistic.executor import Optimistic
from lockstep_parallel.executors.optimistic.memory import Executed
from lockstep_parallel.executors.optimistic.rounds import OptimisticByRounds
from lockstep_parallel.executors.optimistic.speculative import Work
from lockstep_parallel.executors.optimistic.view import Speculation
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.explain.races import FORWARDED, race_in, running


class FirstReceiptKept(OptimisticByRounds):
    """Tells of every transaction how its first incarnation ended."""

    def work(self, block: Block, state: BlockState) -> Work:
        self.first: dict[int, Result] = {}
        return super().work(block, state)

    def record(self, view: Speculation, overlay: Overlay, result: Result) -> Executed:
        self.first.setdefault(view.index, result)
        return super().record(view, overlay, result)

    def settle(self, work: Work, state: BlockState) -> list[Result]:
        return [self.first[index] for index, _ in enumerate(super().settle(work, state))]


def test_a_receipt_of_an_earlier_incarnation_is_told_as_stale() -> None:
    race = race_in(f"{__name__}:FirstReceiptKept", FORWARDED, "t0@publish -> t1")
    assert sentence(race) == (
        "the receipt INSUFFICIENT_BALANCE of t1 is that of incarnation 0; "
        "incarnation 1 ended with SUCCESS"
    )


def test_a_correct_speculation_has_nothing_stale_left_or_abandoned() -> None:
    seen = fallen_back = 0
    for executor in ("optimistic", "optimistic-rounds", "optimistic-credits"):
        with running(executor) as lane:
            for number in range(40):
                case = case_at("explain", number)
                run = lane.run_random(case, stream("explain", number))
                observed = observe(lane, case, schedule_of(run, lane.setting.workers))
                assert not observed.run.verdict.is_failure
                executed = [block for block in observed.run.blocks if block.executions]
                for block, ran in zip(observed.blocks, executed, strict=True):
                    statistics = None if ran.actual is None else ran.actual.statistics
                    assert given_up(block) == bool(statistics and statistics.fallback)
                    if given_up(block):
                        fallen_back += 1
                        continue
                    assert list(stale_reads(block)) == []
                    assert list(left_behind(block)) == []
                    assert list(abandoned(block)) == []
                    seen += len(incarnations_of(block))
    assert seen > 300
    assert fallen_back > 5


class ForgetsTheLast(Optimistic):
    """What is executed in order instead tells no result of the last transaction."""

    def run_in_order(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        return super().run_in_order(block, state, driver)[:-1]


def test_where_speculation_is_given_up_it_is_not_blamed() -> None:
    race = race_in(f"{__name__}:ForgetsTheLast", replace(FORWARDED, retries=0), "w0@publish -> w1")
    assert sentence(race) == GIVEN_UP


@pytest.mark.parametrize("executor", ["optimistic", "optimistic-rounds", "optimistic-credits"])
def test_what_an_observed_incarnation_read_is_what_its_record_says(executor: str) -> None:
    with running(executor) as lane:
        for number in range(20):
            case = case_at("explain", number)
            run = lane.run_random(case, stream("explain", number))
            observed = observe(lane, case, schedule_of(run, lane.setting.workers))
            for block in observed.blocks:
                for each in incarnations_of(block):
                    found = {read.location: read.seen.writers for read in each.reads}
                    assert found.keys() == each.record.reads.keys()
                    for location, writers in found.items():
                        recorded = each.record.reads[location]
                        versions = (recorded,) if isinstance(recorded, Version) else recorded
                        told = tuple(version for version in versions if version != BASE)
                        assert location[0] == "exists" or writers == told
