"""A case may limit the retries of executors that speculate, so that what they fall back to runs."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from lockstep.campaign.plan import Plan
from lockstep.campaign.worker import CHUNK, Ran, Worker
from lockstep.case.file import CaseFileError, Setting, from_bytes, to_bytes
from lockstep.case.text import case_lines
from lockstep.cli.exit_codes import AGREE, DIVERGENCE
from lockstep.cli.main import main
from lockstep.findings.finding import Finding
from lockstep.generate.decode import decode
from lockstep.generate.mixture import case_at, draw_at
from lockstep.generate.mutate import mutate
from lockstep.run.result import Run
from lockstep.streams import stream
from lockstep.targets.named import as_steered
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Code
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.executors.optimistic.executor import Optimistic
from lockstep_parallel.executors.optimistic.rounds import OptimisticByRounds
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.findings.keeping import kept_finding
from tests.harness.small import payment, record

NUMBERS = range(400)


class ForgetsTheLast(Optimistic):
    """What is executed in order instead tells no result of the last transaction."""

    def run_in_order(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        return super().run_in_order(block, state, driver)[:-1]


class ForgetsTheLastByRounds(OptimisticByRounds):
    """The same, where incarnations go in rounds."""

    def run_in_order(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        return super().run_in_order(block, state, driver)[:-1]


class AlwaysSucceeds(Optimistic):
    """Whatever was speculated is told as a success: no limit is needed to see it."""

    def settle(self, *given: object) -> list[Result]:
        return [Code.SUCCESS for _ in super().settle(*given)]  # type: ignore[arg-type]


FALLING = ["ForgetsTheLast", "ForgetsTheLastByRounds"]


def campaign(executor: str, folder: Path) -> tuple[Worker, list[Ran]]:
    plan = Plan("retries", (Setting(f"{__name__}:{executor}"),), "memory", findings=folder)
    worker = Worker(plan, "main")
    starts = range(0, len(NUMBERS), CHUNK)
    return worker, [ran for start in starts for ran in worker.runs(start, CHUNK)]


def finding_of(executor: str, folder: Path) -> Finding:
    worker, ran = campaign(executor, folder)
    with closing(worker):
        failing = next(each for each in ran if each.run.verdict.is_failure)
        lane = as_steered(worker.lanes[0])
        return kept_finding(failing.case, failing.run, lane, folder)


@pytest.mark.parametrize("executor", FALLING)
def test_a_fault_of_what_is_fallen_back_to_shows_under_few_retries_alone(
    executor: str, tmp_path: Path
) -> None:
    worker, ran = campaign(executor, tmp_path)
    worker.close()
    failing = [each.case.retries for each in ran if each.run.verdict.is_failure]
    assert failing
    assert None not in failing
    assert sum(each.case.retries is None for each in ran) > len(ran) // 2


@pytest.mark.parametrize("executor", FALLING)
def test_it_is_shrunk_with_the_limit_kept_told_and_replayed(executor: str, tmp_path: Path) -> None:
    finding = finding_of(executor, tmp_path)
    assert finding.case.retries == 0
    assert finding.settled.repeatable
    assert finding.case.transactions() <= 3
    assert "speculation falls back beyond 0 aborts of a transaction" in case_lines(finding.case)
    path = str(finding.kept.path)
    result = CliRunner().invoke(main, ["replay", path, "--trust"])
    assert result.exit_code == DIVERGENCE, result.output
    assert "4 workers, scheduled, retries 0)" in result.stdout
    mended = CliRunner().invoke(main, ["replay", path, "--executor", "optimistic"])
    assert mended.exit_code == AGREE, mended.output


def test_a_limit_that_is_not_needed_is_shrunk_away(tmp_path: Path) -> None:
    worker, ran = campaign("AlwaysSucceeds", tmp_path)
    with closing(worker):
        limited = [each for each in ran if each.case.retries is not None]
        failing = next(each for each in limited if each.run.verdict.is_failure)
        lane = as_steered(worker.lanes[0])
        finding = kept_finding(failing.case, failing.run, lane, tmp_path)
    assert finding.case.retries is None


def test_an_executor_that_does_not_speculate_runs_such_a_case_as_any_other(
    tmp_path: Path,
) -> None:
    def ends(executor: str) -> set[Verdict]:
        with closing(Worker(Plan("retries", (Setting(executor),), "memory"), "main")) as worker:
            cases = [each for each in map(worker.case, NUMBERS) if each.retries is not None]
            lane = worker.lanes[0]
            runs: list[Run] = [lane.run_plain(case) for case in cases]
        return {run.verdict for run in runs} - {Verdict.UNSUPPORTED}

    assert ends("batched") == ends("optimistic") == {Verdict.AGREE}


def test_a_share_of_the_cases_has_few_retries_and_nothing_else_of_them_changes() -> None:
    cases = [case_at("share", number) for number in NUMBERS]
    limits = [case.retries for case in cases]
    assert set(limits) == {None, 0, 1}
    assert len(limits) // 16 < sum(each is not None for each in limits) < len(limits) // 5
    for number, case in enumerate(cases[:100]):
        assert replace(case, retries=None) == decode(draw_at("share", number), case.scheme)


def test_a_case_file_holds_the_limit_and_one_without_is_what_it_was() -> None:
    plain, limited = record(payment()), record(replace(payment(), retries=1))
    assert b"retries" not in to_bytes(plain)
    assert from_bytes(to_bytes(plain)).case.retries is None
    assert from_bytes(to_bytes(limited)) == limited
    wrong = to_bytes(limited).replace(b'"retries": 1', b'"retries": -1')
    with pytest.raises(CaseFileError, match="retries"):
        from_bytes(wrong)


def test_what_is_near_a_case_has_its_limit() -> None:
    limited = replace(payment(), retries=1)
    near = [mutate(limited, payment(), stream("near", number)) for number in range(20)]
    assert {case.retries for case in near} == {1}
