"""A failure that depends on earlier cases says so, and its file holds the fewest that it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lockstep.campaign.campaign import run_campaign
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Budget, Report
from lockstep.case.file import CaseFileError, Setting, from_bytes, to_bytes
from lockstep.case.values import BlockStep, Case
from lockstep.cli.exit_codes import AGREE, DIVERGENCE
from lockstep.cli.main import main
from lockstep.findings.finding import Finding
from lockstep.report.finding import finding_lines
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import Burn, Policy, SetMultisig, Transaction
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.campaign.observing import Unseeing
from tests.harness.findings.keeping import load_finding

CASES = 150


class Remembers(Batched):
    """Keeps a cache from case to case: a burn costs more once an atomic block was executed."""

    def __init__(self, scheme: Scheme, workers: int = 4) -> None:
        super().__init__(scheme, workers)
        self.cache: set[object] = set()

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Execute a block, wrong if the cache says so."""
        outcome = super().execute(block, storage, driver)
        is_wrong = self.is_wrong(block)
        self.remember(block)
        return replace(outcome, fees=outcome.fees + 1) if is_wrong else outcome

    def remember(self, block: Block) -> None:
        """Keep something of ``block``."""
        if block.policy is Policy.ATOMIC:
            self.cache.add("atomic")

    def is_wrong(self, block: Block) -> bool:
        """Tell whether what is kept makes this block wrong."""
        return bool(self.cache) and block.policy is Policy.SKIP and holds(block, Burn)


class RemembersTwo(Remembers):
    """It takes a burn and a multisig in earlier blocks, and an atomic block then."""

    def remember(self, block: Block) -> None:
        """Keep which of the two were there."""
        self.cache |= {kind for kind in (Burn, SetMultisig) if holds(block, kind)}

    def is_wrong(self, block: Block) -> bool:
        """Tell whether both were."""
        return len(self.cache) == 2 and block.policy is Policy.ATOMIC


def holds(block: Block, kind: type) -> bool:
    contents = [each.content for each in block.transactions]
    payloads = [each.payload for each in contents if isinstance(each, Transaction)]
    return any(isinstance(each, kind) for each in payloads)


def campaign(executor: str, folder: Path, *, jobs: int = 1, seed: str = "earlier") -> Report:
    plan = Plan(seed, (Setting(f"{__name__}:{executor}"),), "memory", findings=folder)
    return run_campaign(plan, Budget(cases=CASES), jobs, Unseeing())


def dependent(report: Report) -> list[Finding]:
    return [each for each in report.findings if each.settled.after]


def command(*words: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in words])


@pytest.fixture(scope="module", params=["Remembers", "RemembersTwo"])
def finding(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Finding:
    found = dependent(campaign(request.param, tmp_path_factory.mktemp("findings")))
    assert found
    return found[0]


def blocks(case: Case) -> list[BlockStep]:
    return [step for step in case.steps if isinstance(step, BlockStep)]


def test_it_is_kept_with_the_fewest_cases_that_show_it(finding: Finding) -> None:
    record = load_finding(finding)
    assert record.after == finding.settled.after
    assert len(record.after) <= 2
    assert finding.settled.repeatable
    assert finding.case.transactions() <= 1
    if finding.setting.executor.endswith("Two"):
        assert [each.policy for each in blocks(finding.case)] == [Policy.ATOMIC]
    else:
        assert [each.policy for each in blocks(finding.case)] == [Policy.SKIP]
        assert any(each.policy is Policy.ATOMIC for each in blocks(record.after[0]))


def test_it_says_so(finding: Finding) -> None:
    told = "\n".join(finding_lines(finding))
    count = len(finding.settled.after)
    others = "1 other" if count == 1 else f"{count} others"
    assert f"depends on earlier cases: alone it does not fail; it does after {others} on" in told
    assert "NOT REPEATABLE" not in told
    assert "earlier case 1:" in told


def test_replay_runs_the_cases_in_order_on_one_executor(finding: Finding, tmp_path: Path) -> None:
    result = command("replay", finding.kept.path, "--trust")
    assert result.exit_code == DIVERGENCE, result.output
    count = len(finding.settled.after)
    assert f", after {count} other case{'' if count == 1 else 's'})" in result.stdout
    assert command("replay", finding.kept.path, "--executor", "batched").exit_code == AGREE
    alone = tmp_path / "alone.json"
    alone.write_bytes(to_bytes(replace(load_finding(finding), after=())))
    result = command("replay", alone, "--trust")
    assert "the recorded failure did not come back" in result.stdout


def test_no_earlier_case_of_the_file_can_be_spared(finding: Finding, tmp_path: Path) -> None:
    record = load_finding(finding)
    for number in range(len(record.after)):
        fewer = record.after[:number] + record.after[number + 1 :]
        path = tmp_path / f"without-{number}.json"
        path.write_bytes(to_bytes(replace(record, after=fewer)))
        assert command("replay", path, "--trust", "--strict").stdout.startswith("agree")


def test_shrink_and_explain_run_them_first(finding: Finding, tmp_path: Path) -> None:
    shrunk = command("shrink", finding.kept.path, "--trust", "--into", tmp_path)
    assert shrunk.exit_code == DIVERGENCE, shrunk.output
    assert "depends on earlier cases" in shrunk.stdout
    explained = command("explain", finding.kept.path, "--trust")
    assert explained.exit_code == DIVERGENCE, explained.output


def test_the_file_is_what_it_was_where_nothing_is_needed_before(finding: Finding) -> None:
    record = load_finding(finding)
    assert from_bytes(to_bytes(record)) == record
    alone = replace(record, after=())
    assert b'"after"' not in to_bytes(alone)
    assert from_bytes(to_bytes(alone)) == alone
    wrong = to_bytes(record).replace(b'"after"', b'"before"')
    with pytest.raises(CaseFileError, match="before"):
        from_bytes(wrong)


def test_the_findings_are_the_same_on_any_number_of_processes(tmp_path: Path) -> None:
    alone = campaign("Remembers", tmp_path / "1", jobs=1)
    together = campaign("Remembers", tmp_path / "2", jobs=2)
    assert alone.tally == together.tally
    files = [
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.json")}
        for name in "12"
    ]
    assert files[0] == files[1] != {}


class Forgets(Remembers):
    """What it did it does by its clock of executions: no run of cases brings it back."""

    executed = 0

    def is_wrong(self, block: Block) -> bool:
        """Tell whether this is a certain execution of this process."""
        Forgets.executed += 1
        return Forgets.executed == 60


def test_what_comes_back_by_nothing_is_kept_as_it_was_met(tmp_path: Path) -> None:
    Forgets.executed = 0
    (found,) = campaign("Forgets", tmp_path).findings
    assert found.run.verdict is Verdict.DIVERGE
    assert not found.settled.repeatable
    assert not found.settled.after
    assert "NOT REPEATABLE" in "\n".join(finding_lines(found))
