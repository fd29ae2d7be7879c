"""A campaign: the same on any number of processes, not stopped by failures, honest at its end."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from lockstep.campaign import controls, worker
from lockstep.campaign.campaign import run_campaign
from lockstep.campaign.course import Course
from lockstep.campaign.health import GATES
from lockstep.campaign.notes import Met
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Budget, Observer, Report
from lockstep.campaign.tally import Tally
from lockstep.case.file import Setting, load
from lockstep.case.values import Case
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, FAULT, GATE, of_campaign
from lockstep.corpus.shipped import shipped_cases
from lockstep.findings.finding import Finding, Shape
from lockstep.schedules.mix import Mix
from lockstep.schedules.sequential import sequential_order
from lockstep.verdict import Verdict
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from tests.harness.campaign.observing import Unseeing
from tests.harness.small import payment

CASES = 40
CANARY = Setting("canary")
BATCHED = Setting("batched")


def campaign(
    folder: Path,
    *settings: Setting,
    cases: int = CASES,
    jobs: int = 1,
    seed: str = "one",
    observer: Observer | None = None,
) -> Report:
    plan = Plan(seed, settings or (CANARY,), storage="memory", findings=folder)
    return run_campaign(plan, Budget(cases=cases), jobs, observer or Unseeing())


def path_of(finding: Finding | Shape) -> Path:
    assert finding.kept.path is not None
    return finding.kept.path


def files(folder: Path) -> dict[str, bytes]:
    found = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.read_bytes() for each in found}


def deaths_of(plan: Plan) -> tuple[Course, Report]:
    """Return a campaign of which a worker has died at its second chunk."""
    report = Report(tally=Tally(cases=50))
    campaign = Course(plan, worker.Worker(plan, "main"), report, Unseeing(), 0.0)
    assert campaign.died((50, 50), "it was ended by SIGKILL") == (50, 50, True, ())
    return campaign, report


def test_a_worker_that_died_is_told_where_there_was_no_time_to_find_the_case(
    tmp_path: Path,
) -> None:
    plan = Plan("one", (BATCHED,), storage="memory", findings=tmp_path)
    campaign, report = deaths_of(plan)
    campaign.close()
    assert report.fault == (
        "a worker process ended in cases 50 to 99: it was ended by SIGKILL; nobody knows at which"
    )
    assert of_campaign(report) == FAULT
    campaign, report = deaths_of(plan)
    campaign.take(Tally(cases=50))
    campaign.close()
    assert report.fault is None


# Reproducible.


def test_the_findings_have_the_same_bytes_whatever_the_number_of_processes(tmp_path: Path) -> None:
    alone = campaign(tmp_path / "1", jobs=1)
    together = campaign(tmp_path / "2", jobs=2)
    assert files(tmp_path / "1") == files(tmp_path / "2") != {}
    assert alone.tally == together.tally
    assert alone.kinds == together.kinds


def test_another_seed_runs_other_cases(tmp_path: Path) -> None:
    one = campaign(tmp_path / "one", BATCHED, seed="one")
    two = campaign(tmp_path / "two", BATCHED, seed="two")
    assert one.tally.measure != two.tally.measure


# Findings.


def test_every_kind_of_failure_has_a_folder_of_its_own_with_all_its_shapes(tmp_path: Path) -> None:
    report = campaign(tmp_path)
    kept = files(tmp_path)
    told: list[Finding | Shape] = [*report.findings, *report.shapes]
    shown = [path_of(each) for each in told]
    assert kept.keys() == {str(path.relative_to(tmp_path)) for path in shown}
    assert report.shapes
    assert report.tally.verdicts[Verdict.DIVERGE.value] > len(kept)
    assert [path.parent.name for path in shown] == [each.kind for each in told]


def test_one_bug_that_shows_in_several_ways_is_one_kind(tmp_path: Path) -> None:
    report = campaign(tmp_path)
    assert len(report.tally.bins) > 1
    assert [each.kind for each in report.findings] == list(report.kinds)
    assert len(report.kinds) == 1
    assert sum(report.kinds.values()) == sum(report.tally.bins.values())


def test_a_finding_says_where_it_came_from_and_loads(tmp_path: Path) -> None:
    for finding in campaign(tmp_path).findings:
        record = load(path_of(finding))
        assert record.case == finding.case
        assert record.setting == CANARY
        assert record.verdict == finding.run.verdict.value
        assert record.expected is not None
        assert (record.origin["kind"], record.origin["seed"]) == ("fuzz", "one")
        assert 0 <= int(record.origin["case"]) < CASES


def test_what_was_kept_before_stays_and_the_new_case_is_kept_beside_it(tmp_path: Path) -> None:
    first = campaign(tmp_path)
    for finding in first.findings:
        edited = path_of(finding).with_name("edited-by-hand.json")
        path_of(finding).rename(edited).write_text("kept as it is")
    before = files(tmp_path)
    again = campaign(tmp_path)
    assert before.items() <= files(tmp_path).items()
    assert all(each.kept.told.startswith("kept beside ") for each in again.findings)
    for finding in again.findings:
        assert load(path_of(finding)).case == finding.case


def test_what_is_found_again_is_told_as_known_and_written_once(tmp_path: Path) -> None:
    assert {each.kept.told for each in campaign(tmp_path).findings} == {"new"}
    before = files(tmp_path)
    told = {each.kept.told for each in campaign(tmp_path).findings}
    assert all(re.fullmatch(r"known since \d{4}-\d\d-\d\d", each) for each in told)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "name",
    ["OneFeeTooMany", "NowAndThenCrashing", "NowAndThenWaiting", "Silent", "IllTyped"],
)
def test_a_failure_never_ends_a_campaign(name: str, tmp_path: Path) -> None:
    report = campaign(tmp_path, Setting(f"tests.harness.faulty_executors:{name}"), cases=60)
    assert report.tally.cases == 60
    assert report.findings
    assert report.fault is None
    assert not report.interrupted


STORES = "tests.harness.faulty_stores"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_wrong_store_is_found_and_not_taken_for_a_wrong_control(
    jobs: int, tmp_path: Path
) -> None:
    setting = Setting("batched", storage=f"{STORES}:LosesNonces")
    report = campaign(tmp_path, setting, jobs=jobs)
    assert {each.setting for each in report.findings} == {setting}
    assert all(load(path_of(each)).setting == setting for each in report.findings)
    assert report.tally.controls.rounds == 1
    assert report.complaints == []
    assert of_campaign(report) == DIVERGENCE


def test_the_same_failure_on_two_stores_is_of_two_kinds(tmp_path: Path) -> None:
    names = ("LosesMerges", "NeverRewinds")
    settings = [Setting("batched", storage=f"{STORES}:{name}") for name in names]
    report = campaign(tmp_path, *settings, cases=200)
    told = [(each.setting, each.run.differences[0].field) for each in report.findings]
    assert {setting for setting, field in told if field == "stored topoheight"} == set(settings)
    assert len({each.kind for each in report.findings}) == len(report.findings)


def test_a_store_that_ends_its_process_is_kept_as_it_was_met(tmp_path: Path) -> None:
    setting = Setting("batched", storage=f"{STORES}:EndsTheProcess")
    vectors = shipped_cases("keyed-hash")[140:160]
    plan = Plan("one", (setting,), storage="memory", seeds=vectors, findings=tmp_path)
    report = run_campaign(plan, Budget(cases=len(vectors)), 2, Unseeing())
    assert report.findings == []
    (met,) = report.unsettled
    assert met.failure.run.verdict is Verdict.CRASH
    assert met.kept.path is not None
    assert load(met.kept.path).setting == setting
    assert of_campaign(report) == FAULT


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Crashing", "crash"),
        ("CrashingTask", "crash"),
        ("Waiting", "hang"),
        ("BrokenMerge", "crash"),
        ("ExitingMerge", "crash"),
    ],
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_campaign_that_begins_with_nothing_but_crashes_or_hangs_says_what_to_do_and_ends(
    name: str, word: str, jobs: int, tmp_path: Path
) -> None:
    setting = Setting(f"tests.harness.faulty_executors:{name}")
    report = campaign(tmp_path, setting, cases=200, jobs=jobs)
    assert report.fault is not None
    assert report.fault.startswith(f"the first 3 cases all ended in {word}")
    assert "--isolate" in report.fault
    assert report.tally.cases == 3
    assert report.findings or report.unsettled
    assert of_campaign(report) in (DIVERGENCE, FAULT)


def test_a_campaign_without_failures_is_clean(tmp_path: Path) -> None:
    report = campaign(tmp_path, BATCHED)
    assert report.tally.verdicts == {Verdict.AGREE.value: CASES}
    assert (report.findings, report.complaints) == ([], [])
    assert report.tally.controls.caught == {"the canary": 1, "the race canary": 1}
    assert of_campaign(report) == AGREE


@pytest.mark.parametrize("jobs", [1, 2])
def test_seconds_end_a_campaign_that_has_no_number_of_cases(jobs: int, tmp_path: Path) -> None:
    plan = Plan("one", (BATCHED,), storage="memory", findings=tmp_path)
    report = run_campaign(plan, Budget(seconds=2.5), jobs, Unseeing())
    assert report.seconds >= 2.5
    assert report.fault is None
    assert not report.interrupted


# Its own health.


def test_a_tame_generator_fails_the_health_gates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tame(*_of_a_plan: object) -> Case:
        return payment()

    monkeypatch.setattr(worker, "case_at", tame)
    report = campaign(tmp_path, BATCHED, cases=600)
    gates = [gate.name for gate in GATES]
    assert [text.partition(" is ")[0].rstrip(" .0123456789") for text in report.complaints][
        : len(gates)
    ] == gates
    assert report.tally.controls.caught == {"the canary": 2}
    assert {text.partition(" was ")[0] for text in report.complaints[len(gates) :]} == {
        "the race canary"
    }
    assert of_campaign(report) == GATE


def test_a_canary_that_is_never_caught_fails_the_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "CANARIES", {"the canary": BATCHED})
    report = campaign(tmp_path, BATCHED)
    (complaint,) = report.complaints
    assert complaint.startswith("the canary was not caught")
    assert of_campaign(report) == GATE


def test_without_schedules_the_race_canary_is_missed_which_fails_the_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sequential_only(mix: Mix, _random: Random, _ids: object) -> Iterator[Driver]:
        yield Scheduled(sequential_order, mix.step_limit)

    monkeypatch.setattr(Mix, "drivers", sequential_only)
    report = campaign(tmp_path, BATCHED)
    (complaint,) = report.complaints
    assert complaint.startswith("the race canary was not caught in 100 cases from 0 on")
    assert of_campaign(report) == GATE


def test_a_correct_executor_that_is_accused_fails_the_campaign_even_if_it_diverges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "TWIN", CANARY)
    report = campaign(tmp_path)
    assert report.findings
    assert all(text.startswith("the correct executor was accused") for text in report.complaints)
    assert of_campaign(report) == GATE


def test_a_campaign_that_had_no_time_for_a_control_fails(tmp_path: Path) -> None:
    plan = Plan("one", (BATCHED,), storage="memory", findings=tmp_path)
    report = run_campaign(plan, Budget(seconds=1e-9), 1, Unseeing())
    assert report.complaints == ["no control was run: this campaign proves nothing"]
    assert of_campaign(report) == GATE


def test_controls_come_every_500_cases_on_any_number_of_processes(tmp_path: Path) -> None:
    alone, together = (campaign(tmp_path, BATCHED, cases=600, jobs=jobs) for jobs in (1, 2))
    assert alone.tally.controls.rounds == 2
    assert alone.tally.controls == together.tally.controls


# Interrupted, or out of space.


class InterruptedByProgress(Unseeing):
    def progress(self, report: Report) -> None:
        if report.tally.cases:
            raise KeyboardInterrupt


class InterruptedByMeeting(Unseeing):
    def met(self, met: Met) -> None:
        raise KeyboardInterrupt


class InterruptedByFinding(Unseeing):
    def found(self, finding: Finding) -> None:
        raise KeyboardInterrupt


def test_an_interrupted_campaign_reports_what_it_had(tmp_path: Path) -> None:
    report = campaign(tmp_path, BATCHED, cases=10_000, observer=InterruptedByProgress())
    assert report.interrupted
    assert 0 < report.tally.cases < 10_000
    assert report.complaints == []
    assert of_campaign(report) == FAULT


def test_an_interrupted_campaign_keeps_its_findings(tmp_path: Path) -> None:
    report = campaign(tmp_path, observer=InterruptedByFinding())
    (finding,) = report.findings
    assert load(path_of(finding)).case == finding.case
    assert of_campaign(report) == DIVERGENCE


def test_a_failure_is_on_disk_when_it_is_told_of_and_stays_there(tmp_path: Path) -> None:
    report = campaign(tmp_path, observer=InterruptedByMeeting())
    (met,) = report.unsettled
    assert report.findings == []
    assert met.kept.path is not None
    assert load(met.kept.path).case == met.failure.case
    assert list(files(tmp_path)) == [str(met.kept.path.relative_to(tmp_path))]
    assert of_campaign(report) in (DIVERGENCE, FAULT)


def test_with_a_full_disk_findings_are_told_whole_and_the_campaign_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk = campaign(tmp_path / "right")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    report = campaign(tmp_path / "full")
    assert report.fault is None
    assert [each.kind for each in report.findings] == [each.kind for each in on_disk.findings]
    for printed, written in zip(report.findings, on_disk.findings, strict=True):
        assert printed.kept.path is None
        assert printed.kept.problem.endswith("No space left on device")
        assert printed.kept.content == path_of(written).read_text()
    assert files(tmp_path / "full") == {}
