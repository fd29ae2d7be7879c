"""A campaign exchanges independent steps in a share of its cases, and settles what that shows."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from lockstep.audit.subject import Subject
from lockstep.audit.trial import Terms, run_trial
from lockstep.campaign import worker
from lockstep.campaign.campaign import run_campaign
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Budget, Report
from lockstep.campaign.worker import CHUNK, Ran, Worker
from lockstep.case.file import Setting
from lockstep.cli.exit_codes import AGREE, DIVERGENCE
from lockstep.cli.main import main
from lockstep.report.campaign import summary_table
from lockstep.verdict import Verdict
from tests.harness.campaign.observing import Unseeing
from tests.harness.findings.keeping import load_finding

UNSEEN_MODULE = "tests.harness.explore.unannounced"
UNSEEN = f"{UNSEEN_MODULE}:PaysUnseen"
COUNTS = f"{UNSEEN_MODULE}:CountsUnseen"
SEED = "c"
CASES = 600


def campaign(
    executor: str, folder: Path, *, cases: int = CASES, jobs: int = 1, driver: str = "scheduled"
) -> Report:
    setting = Setting(executor, driver=driver)
    plan = Plan(SEED, (setting,), storage="memory", findings=folder)
    return run_campaign(plan, Budget(cases=cases), jobs, Unseeing())


def rows(report: Report) -> dict[str, str]:
    labels, values = (column.cells for column in summary_table(report).columns)
    return dict(zip(map(str, labels), map(str, values), strict=True))


def test_an_unannounced_touch_is_found_kept_shrunk_and_replayed(tmp_path: Path) -> None:
    report = campaign(UNSEEN, tmp_path)
    found = [each for each in report.findings if each.run.verdict is Verdict.UNANNOUNCED]
    assert found
    for finding in found:
        assert finding.settled.repeatable
        assert finding.case.transactions() <= 3
        record = load_finding(finding)
        assert record.verdict == "unannounced"
        assert record.origin["kind"] == "fuzz"
        path = str(finding.kept.path)
        result = CliRunner().invoke(main, ["replay", path, "--trust"])
        assert result.exit_code == DIVERGENCE, result.output
        assert "unannounced" in result.stdout
        mended = CliRunner().invoke(main, ["replay", path, "--executor", "batched"])
        assert mended.exit_code == AGREE, mended.output


def test_nothing_but_the_exchange_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "EXCHANGED", 1)
    found = campaign(COUNTS, tmp_path, cases=200)
    assert found.tally.verdicts.keys() == {"agree", "unannounced"}
    monkeypatch.setattr(worker, "EXCHANGED", 1 << 40)
    assert campaign(COUNTS, tmp_path, cases=200).tally.verdicts.keys() == {"agree"}


def test_a_share_of_the_cases_is_exchanged_counted_and_told(tmp_path: Path) -> None:
    report = campaign("batched", tmp_path)
    tally = report.tally
    assert tally.verdicts.keys() == {"agree"}
    assert 0 < tally.exchanged <= CASES // 10
    assert tally.exchanged < tally.orders <= 3 * tally.exchanged
    told = f"{tally.exchanged} cases, in {tally.orders} other orders"
    assert rows(report)["steps exchanged"] == told


def test_which_cases_are_exchanged_depends_on_the_seed_alone(tmp_path: Path) -> None:
    alone = campaign(COUNTS, tmp_path / "1", jobs=1)
    together = campaign(COUNTS, tmp_path / "2", jobs=2)
    assert alone.tally == together.tally
    assert alone.tally.verdicts["unannounced"] > 0


def test_the_executions_of_other_orders_are_counted_and_paid_for_by_the_mix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "EXCHANGED", 1)
    with_orders = ran_cases()
    assert any(each.orders for each in with_orders)
    for each in with_orders:
        more = each.executions - each.run.executions
        assert more >= each.orders
        assert more == 0 or each.orders > 0
    monkeypatch.setattr(worker, "EXCHANGED", 1 << 40)
    mixed = sum(each.run.executions for each in with_orders)
    assert mixed < sum(each.executions for each in ran_cases())


def ran_cases() -> list[Ran]:
    with closing(Worker(Plan(SEED, (Setting("batched"),), storage="memory"), "a")) as bench:
        return [ran for start in range(0, CASES, CHUNK) for ran in bench.runs(start, CHUNK)]


def test_real_threads_have_no_steps_to_exchange(tmp_path: Path) -> None:
    assert campaign("batched", tmp_path, driver="threads").tally.exchanged == 0


def test_an_audit_shrinks_what_only_an_exchange_shows(tmp_path: Path) -> None:
    """The first failure of this fault under this seed is one that no schedule shows."""
    subject = Subject("c", "counts", COUNTS, None, "", "batched")
    terms = Terms(60.0, "memory", twins=False, findings=str(tmp_path))
    trial = run_trial(subject, SEED, terms)
    assert trial.verdict == "unannounced"
    assert trial.shrunk is not None
    assert trial.shrunk.size.transactions == 2
    assert "met-" not in trial.kept
