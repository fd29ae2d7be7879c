"""What is known of kinds depends on the failures alone: which are shrunk, and what they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lockstep.campaign.kinds import Kinds
from lockstep.campaign.plan import Plan
from lockstep.case.file import Setting, load
from lockstep.findings.replay import replay
from lockstep.run.stores import MemoryStores
from lockstep.verdict import Verdict
from tests.harness.campaign.test_campaign import campaign, path_of


def test_of_a_bin_ever_fewer_failures_are_shrunk() -> None:
    kinds = Kinds()
    due = [chunk for chunk in range(1, 40) if kinds.is_due("bin")]
    assert due == [1, 2, 4, 8, 16, 32]


def test_bins_of_one_form_are_one_kind_and_a_bin_with_two_forms_is_two() -> None:
    kinds = Kinds()
    assert kinds.put("one", "never debits")
    assert not kinds.put("two", "never debits")
    assert kinds.put("two", "loses a credit")
    assert kinds.found == {"never debits", "loses a credit"}
    assert kinds.counted({"one": 5, "two": 3, "three": 2}) == Counter(
        {"never debits": 8, "loses a credit": 1, "three": 2}
    )


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("NeverDebitsAndRepeats", "receipts nonce passed by"),
        ("NeverDebitsAndCreditsFromZero", "modified_balances of a receiver too little"),
    ],
)
def test_two_bugs_in_one_executor_are_two_kinds(
    name: str, second: str, jobs: int, tmp_path: Path
) -> None:
    executor = Setting(f"tests.harness.campaign.two_bugs:{name}")
    report = campaign(tmp_path, executor, cases=150, jobs=jobs)
    forms = {load(path_of(each)).origin["form"] for each in report.findings}
    assert {"diverge modified_balances of a sender too much", f"diverge {second}"} <= forms
    for finding in report.findings:
        again = replay(load(path_of(finding)), MemoryStores(), strict=True)
        assert again.run.verdict is Verdict.DIVERGE


def test_every_shape_of_a_kind_replays_as_what_it_says(tmp_path: Path) -> None:
    report = campaign(tmp_path)
    assert report.shapes
    for shape in report.shapes:
        record = load(path_of(shape))
        assert replay(record, MemoryStores(), strict=True).run.differences == shape.run.differences


def test_what_stands_for_executors_in_names_of_kinds_tells_them_apart() -> None:
    names = ("cmd:./one --port 3", "cmd:./other", "mine=cmd:./third", "batched", "cmd:./last")
    plan = Plan("seed", tuple(map(Setting, names)))
    labels = [plan.label(position) for position in range(len(names))]
    assert labels == ["program", "program-2", "mine", "batched", "program-3"]
