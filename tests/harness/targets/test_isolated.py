"""Isolated executors: what they do to their process is one verdict of one case."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from lockstep.campaign.campaign import run_campaign
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Budget
from lockstep.case.file import Setting, load
from lockstep.case.values import Case
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.named import open_lane
from lockstep.targets.steered import STEP_LIMIT
from lockstep.verdict import Verdict
from tests.harness.campaign.observing import Unseeing
from tests.harness.small import block, case_of, payment, pays

DEADLY = "tests.harness.deadly_executors"
MANY = case_of(block(*(pays(f"pay-{nonce}", nonce) for nonce in range(8))))


def isolated(name: str, deadline: float = 10.0) -> Setting:
    return Setting(f"{DEADLY}:{name}", workers=2, deadline=deadline, isolated=True)


def verdict_and_words(setting: Setting, case: Case) -> tuple[Verdict, str]:
    with open_lane(setting, MemoryStores()) as lane:
        run = lane.run_mixed(case, Random(1), Mix.for_one_case(STEP_LIMIT))
        after = lane.run_mixed(payment(), Random(1), Mix.for_one_case(STEP_LIMIT))
    assert after.verdict is Verdict.AGREE, "the next case has a process of its own"
    return run.verdict, " ".join(map(str, run.differences))


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("Ending", Verdict.CRASH, "it ended with exit code 0"),
        ("Segfault", Verdict.CRASH, "it was ended by SIGSEGV"),
        ("Looping", Verdict.HANG, "no answer in time"),
    ],
)
def test_what_it_does_to_its_process_is_the_verdict_of_that_case_alone(
    name: str, verdict: Verdict, words: str
) -> None:
    met, said = verdict_and_words(isolated(name, deadline=2.0), MANY)
    assert met is verdict
    assert words in said


def test_a_right_executor_agrees_apart_as_it_does_inside() -> None:
    setting = Setting("batched", workers=2, isolated=True)
    assert verdict_and_words(setting, MANY) == (Verdict.AGREE, "")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_campaign_goes_on_after_a_crash_and_its_file_says_how_it_was_run(
    jobs: int, tmp_path: Path
) -> None:
    setting = isolated("Segfault")
    plan = Plan("one", (setting,), storage="memory", findings=tmp_path)
    report = run_campaign(plan, Budget(cases=12), jobs, Unseeing())
    assert report.tally.cases == 12
    assert report.fault is None
    (finding,) = report.findings
    assert finding.run.verdict is Verdict.CRASH
    assert finding.kept.path is not None
    assert load(finding.kept.path).setting == setting
