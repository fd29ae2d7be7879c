"""A lane that exchanges steps finds unannounced touches, brings them back, and accuses no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.case.file import Setting
from lockstep.case.judging import EXACTLY, Judging, Part
from lockstep.case.values import Case
from lockstep.explore.moves import Kind
from lockstep.explore.scope import Scope
from lockstep.findings.way_back import way_back
from lockstep.generate.mixture import case_at
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.schedules.dpor import Redundant
from lockstep.streams import stream
from lockstep.targets.exchanged import run_exchanged
from lockstep.targets.exchanging import ExchangingLane
from lockstep.targets.inside import InsideTarget
from lockstep.targets.named import open_steered
from lockstep.targets.steered import SteeredLane
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Choose
from tests.harness.findings.keeping import kept_finding, load_finding

CASES = range(60)
UNSEEN = "tests.harness.explore.unannounced:ToldAsTheyEnd"
COUNTS = "tests.harness.explore.unannounced:CountsUnseen"
CORRECT = ["batched", "batched-workers", "dag-credits", "optimistic", "optimistic-rounds-credits"]


@contextmanager
def running(executor: str, driver: str = "scheduled") -> Iterator[SteeredLane]:
    with open_steered(Setting(executor, driver=driver), MemoryStores()) as lane:
        yield lane


@pytest.mark.parametrize("executor", CORRECT)
def test_an_executor_with_true_announcements_agrees_in_every_order(executor: str) -> None:
    orders = 0
    with running(executor) as lane:
        for number in CASES:
            case = case_at("exchanging", number)
            run = lane.run_random(case, stream("exchanging", number))
            assert run.verdict is Verdict.AGREE
            exchanged = lane.run_exchanged(case, run, number)
            assert exchanged.failing is None
            orders += exchanged.orders
    assert orders > len(CASES) // 2


def test_what_failed_already_and_what_has_no_trace_is_not_tried() -> None:
    case = case_at("exchanging", 1)
    with running("batched", "threads") as lane:
        assert lane.run_exchanged(case, lane.run_plain(case)).orders == 0
    with running("canary") as lane:
        failing = next(
            (case, run)
            for case in (case_at("exchanging", number) for number in CASES)
            if (run := lane.run_plain(case)).verdict.is_failure
        )
        assert lane.run_exchanged(*failing).orders == 0


def test_a_finding_that_only_an_exchange_shows_replays_in_the_lane_that_exchanges(
    tmp_path: Path,
) -> None:
    with running(UNSEEN) as plain:
        lane = ExchangingLane(plain)
        cases = map(Scope(2).case, Scope(2).blocks())
        case, run = next((each, run) for each in cases if (run := lane.run_plain(each)).differences)
        assert run.verdict is Verdict.UNANNOUNCED
        finding = kept_finding(case, run, plain, tmp_path)
        record = load_finding(finding)
        assert plain.run_deviating(record.case, record.schedule).verdict is Verdict.AGREE
        again = way_back(plain, record.verdict).replay(record, strict=True).run
        assert (again.verdict, again.differences) == (Verdict.UNANNOUNCED, finding.run.differences)


def test_an_exchanging_lane_forgets_what_the_lane_below_forgets() -> None:
    case = Scope(2).case(Scope(2).block(60))
    built: list[int] = []

    class Counted(Batched):
        def __init__(self, scheme: Scheme, workers: int = 4) -> None:
            super().__init__(scheme, workers)
            built.append(1)

    target = InsideTarget("counted", Counted)
    with target.open(Setting("counted"), MemoryStores()) as plain:
        lane = ExchangingLane(plain)
        assert lane.run_plain(case).verdict is Verdict.AGREE
        lane.renew()
        assert lane.run_plain(case).verdict is Verdict.AGREE
    assert len(built) == 2


class OnceOtherwise(Batched):
    """Tells no receipts the third time that it executes a block, in whatever order."""

    executed = 0

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        outcome = super().execute(block, storage, driver)
        self.executed += 1
        return replace(outcome, receipts=()) if self.is_wrong() else outcome

    def is_wrong(self) -> bool:
        return self.executed == 3


class OtherwiseFromThenOn(OnceOtherwise):
    """Tells no receipts from the third time on."""

    def is_wrong(self) -> bool:
        return self.executed >= 3


@pytest.mark.parametrize("name", ["OnceOtherwise", "OtherwiseFromThenOn"])
def test_what_does_not_depend_on_the_order_is_not_blamed_on_two_steps(name: str) -> None:
    cases = map(Scope(2).case, Scope(2).blocks())
    with running("batched") as lane:
        case = next(
            each for each in cases if lane.run_exchanged(each, lane.run_plain(each)).orders > 2
        )
    with running(f"{__name__}:{name}") as lane:
        exchanged = lane.run_exchanged(case, lane.run_plain(case))
        assert exchanged.orders > 2
        assert exchanged.failing is None


def test_an_order_that_cannot_be_gone_on_with_blames_nobody() -> None:
    """A block may have been executed before that, as in a dry run, and answers nothing here."""
    cases = map(Scope(2).case, Scope(2).blocks())
    with running("batched") as lane:
        case = next(each for each in cases if lane.run_exchanged(each, lane.run_plain(each)).orders)
        run = lane.run_plain(case)
    block = run.blocks[0]
    stuck = replace(block, actual=None, trace=(), executions=2)
    met: list[Run] = []

    def run_once(_case: Case, choosing: Callable[[tuple[str, ...]], Choose]) -> Run:
        try:
            choosing(block.ids)(block.trace[:1])
        except Redundant:
            met.append(replace(run, verdict=Verdict.UNSUPPORTED, blocks=(stuck,)))
            return met[-1]
        return run

    assert run_exchanged(run_once, case, run, 4).failing is None
    assert met


def test_what_is_left_out_of_the_comparison_accuses_nobody() -> None:
    scope = Scope(2, 2, (Kind.BURN,))
    cases = [scope.case(each) for each in scope.blocks()]
    for judging, accused in ((EXACTLY, True), (Judging(ignored=(Part.BURNED,)), False)):
        with open_steered(Setting(COUNTS, judging=judging), MemoryStores()) as lane:
            tried = [lane.run_exchanged(case, lane.run_plain(case)) for case in cases]
        assert sum(each.orders for each in tried) > 0
        assert any(each.failing is not None for each in tried) is accused
