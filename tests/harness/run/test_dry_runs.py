"""Dry runs: a block is executed before it is merged, and what that leaves behind shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep.case.file import from_bytes, to_bytes
from lockstep.case.text import case_lines
from lockstep.case.values import Case
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.small import block, case_of, pays, record, run_on

ONCE = case_of(block(pays("t0", 0)))
AFTER_DRY_RUNS = [case_of(replace(block(pays("t0", 0)), dry_runs=times)) for times in range(1, 4)]


class Counting(Batched):
    """Counts how often it is asked, and is wrong the second time."""

    name = "counting"

    def __init__(self, scheme: Scheme, workers: int = 4) -> None:
        super().__init__(scheme, workers)
        self.asked = 0

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        self.asked += 1
        outcome = super().execute(block, storage, driver)
        return replace(outcome, fees=outcome.fees + 1) if self.asked == 2 else outcome


@pytest.mark.parametrize("case", AFTER_DRY_RUNS)
def test_what_an_execution_leaves_behind_shows_after_a_dry_run(case: Case) -> None:
    assert run_on(Counting, ONCE).verdict is Verdict.AGREE
    run = run_on(Counting, case)
    assert run.verdict is Verdict.DIVERGE
    assert run.executions == 2


@pytest.mark.parametrize("times", [1, 2, 3])
def test_dry_runs_are_counted_and_change_nothing_for_a_correct_executor(times: int) -> None:
    run = run_on(Batched, AFTER_DRY_RUNS[times - 1])
    assert run.verdict is Verdict.AGREE
    assert run.executions == times + 1
    assert len(run.blocks) == 1


@pytest.mark.parametrize("case", AFTER_DRY_RUNS)
def test_a_case_file_holds_them_and_the_text_tells(case: Case) -> None:
    kept = record(case)
    assert from_bytes(to_bytes(kept)) == kept
    assert any("dry run" in line for line in case_lines(kept.case))
