"""Where every line is a step, a race that no announcement is near is found, shrunk and replayed."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lockstep.campaign.campaign import run_campaign
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Budget, Report
from lockstep.campaign.tally import Failure
from lockstep.campaign.worker import Worker, killed
from lockstep.case.file import Setting
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, USAGE
from lockstep.cli.main import main
from lockstep.generate.mixture import case_at
from lockstep.run.stores import MemoryStores
from lockstep.run.watchdog import watching
from lockstep.schedules.mix import Mix
from lockstep.streams import stream
from lockstep.targets.named import open_steered
from lockstep.verdict import Verdict
from tests.harness.campaign.observing import Unseeing
from tests.harness.findings.keeping import load_finding
from tests.harness.small import payment

MODULE = "tests.harness.targets.interrupted"
CASES = 60
LOCKING = ["CountsUnderALock", "CountsUnderALockOfItsOwn", "CountsBetweenCalls"]
CORRECT = ["batched", "batched-workers", "dag-credits", "optimistic", "optimistic-rounds"]


def campaign(executor: str, folder: Path, *, preempt: str = "lines", jobs: int = 1) -> Report:
    plan = Plan("lines", (Setting(executor, preempt=preempt),), "memory", findings=folder)
    return run_campaign(plan, Budget(cases=CASES), jobs, Unseeing())


def command(*words: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in words])


def test_a_touch_between_lines_is_found_at_a_line_and_replayed(tmp_path: Path) -> None:
    report = campaign(f"{MODULE}:LosesCounts", tmp_path)
    assert report.findings
    for finding in report.findings:
        assert finding.run.verdict is Verdict.DIVERGE
        assert finding.settled.repeatable
        assert finding.case.transactions() == 2
        (deviation,) = finding.schedule
        assert deviation.address[1].startswith("interrupted.py:")
        setting = load_finding(finding).setting
        assert setting is not None
        assert setting.preempt == "lines"
    path = report.findings[0].kept.path
    again = command("replay", path, "--trust", "--strict")
    assert again.exit_code == DIVERGENCE, again.output
    assert "scheduled, preempted at lines)" in again.stdout
    mended = command("replay", path, "--trust", "--executor", f"{MODULE}:CountsUnderALock")
    assert mended.exit_code == AGREE, mended.output


def test_no_announced_step_shows_it(tmp_path: Path) -> None:
    report = campaign(f"{MODULE}:LosesCounts", tmp_path, preempt="")
    assert report.tally.verdicts.keys() == {"agree"}


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_processes(tmp_path: Path) -> None:
    alone = campaign(f"{MODULE}:LosesCounts", tmp_path / "1", jobs=1)
    together = campaign(f"{MODULE}:LosesCounts", tmp_path / "2", jobs=2)
    assert alone.tally == together.tally
    files = [
        {each.name: each.read_bytes() for each in (tmp_path / n).rglob("*.json")} for n in "12"
    ]
    assert files[0] == files[1] != {}


@pytest.mark.parametrize("name", LOCKING)
def test_whoever_is_switched_away_may_hold_a_lock(name: str, tmp_path: Path) -> None:
    report = campaign(f"{MODULE}:{name}", tmp_path)
    assert report.tally.verdicts == {"agree": CASES}


def test_two_locks_taken_crosswise_are_a_hang_that_names_the_lines(tmp_path: Path) -> None:
    report = campaign(f"{MODULE}:WaitsInACircle", tmp_path)
    hang = next(each for each in report.findings if each.run.verdict is Verdict.HANG)
    assert "no task can run; waiting: 0@interrupted.py:" in hang.run.differences[0].actual


def test_what_waits_out_of_sight_fails_when_its_deadline_is_over() -> None:
    setting = Setting(f"{MODULE}:WaitsOutOfSight", preempt="lines", deadline=1.0)
    with watching(None), open_steered(setting, MemoryStores()) as lane:
        run = lane.run_plain(payment())
    # A task that swallows the end of its deadline is a crash; meeting it again is a hang.
    assert run.verdict in (Verdict.CRASH, Verdict.HANG)
    assert any("no outcome within 1 s" in each.actual for each in run.differences)


@pytest.mark.parametrize("executor", CORRECT)
def test_a_correct_executor_is_not_accused_and_leaves_no_thread(executor: str) -> None:
    before = threading.active_count()
    executions = 0
    with open_steered(Setting(executor, preempt="lines"), MemoryStores()) as lane:
        for number in range(12):
            case = case_at("lines", number)
            run = lane.run_mixed(case, stream("lines", "schedule", number), Mix(1))
            assert run.verdict in (Verdict.AGREE, Verdict.UNSUPPORTED), run.differences
            executions += run.executions
    assert executions > 24
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--driver", "threads"), "scheduled driver alone"),
        (("--isolate",), "nobody sees the lines"),
    ],
)
def test_where_no_line_can_be_seen_it_is_refused(words: tuple[str, ...], told: str) -> None:
    result = command("fuzz", "--cases", 1, "--preempt", "lines", "--storage", "memory", *words)
    assert result.exit_code == USAGE
    assert told in result.stderr


def test_what_killed_its_process_is_investigated_apart_where_no_line_is_seen() -> None:
    plan = Plan("lines", (Setting("batched", preempt="lines"),), "memory")
    failure = Failure(0, 0, "", case_at("lines", 0), killed("by a signal"), killed=True)
    with closing(Worker(plan, "main")) as worker:
        setting = worker.lane_for(failure).setting
    assert setting.isolated
    assert not setting.preempt
