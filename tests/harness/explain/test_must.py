"""Every difference of a failing run is told as what must be and what the executor made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep.case.file import Setting, load
from lockstep.case.values import Case
from lockstep.explain.must import difference_sentences
from lockstep.run.stores import MemoryStores
from lockstep.targets.named import open_steered
from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.storage.protocol import Reader
from lockstep_mutants.catalogue import ROWS
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.explain.races import BURNED, burns, running
from tests.repository import REPOSITORY


@pytest.mark.parametrize(
    ("executor", "case", "said"),
    [
        (
            "canary",
            burns("alice"),
            ["alice's native balance must end at 0; yours stays 10001"],
        ),
        (
            "tests.harness.faulty_executors:OneFeeTooMany",
            burns("alice"),
            ["the block's fees must be 10000; yours are 10001"],
        ),
        (
            "tests.harness.faulty_executors:CrashingTask",
            burns("alice"),
            ["t0 must end with SUCCESS, paying 10000; yours has no receipt"],
        ),
    ],
)
def test_a_difference_is_a_sentence_of_what_must_be(
    executor: str, case: Case, said: list[str]
) -> None:
    with running(executor) as lane:
        told = list(difference_sentences(lane.run_plain(case)))
    assert [each for each in said if each not in told] == []


def test_receipts_out_of_order_are_told_once_and_by_transaction() -> None:
    with running("tests.harness.explain.test_must:Backwards") as lane:
        told = list(difference_sentences(lane.run_plain(BURNED)))
    assert told == ["receipts must stand in block order, one each; yours are of t1, t0"]


class Backwards(Batched):
    """Answers well, its receipts in the wrong order."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        outcome = super().execute(block, storage, driver)
        return replace(outcome, receipts=outcome.receipts[::-1])


def test_every_difference_of_the_catalogue_is_told() -> None:
    for row in ROWS:
        record = load(REPOSITORY / "corpora" / "mutants" / row.case)
        setting = replace(record.setting or Setting(), driver="scheduled")
        with open_steered(setting, MemoryStores()) as lane:
            run = lane.run_deviating(record.case, record.schedule)
            told = list(difference_sentences(run))
        assert run.verdict.is_failure
        assert len(told) >= len({each.field for each in run.differences}) > 0, row.id
