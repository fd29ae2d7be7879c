"""What is known is counted and set aside, and only that; the file that says so is data."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lockstep.campaign.campaign import run_campaign
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Budget, Report
from lockstep.case.file import Setting, load
from lockstep.case.judging import Judging
from lockstep.case.surroundings import Surroundings
from lockstep.cli.exit_codes import of_campaign
from lockstep.faults import UsageError
from lockstep.findings.finding import Finding
from lockstep.findings.known import Known, add_known, known_of, read_known
from lockstep.findings.known_check import Standing, look_at
from tests.harness.campaign.observing import Unseeing
from tests.harness.cli.command_line import AGREE, DIVERGENCE, TARGETS, USAGE, fuzz, lockstep

CANARY = Setting("canary")
TWO_BUGS = Setting("tests.harness.campaign.two_bugs:NeverDebitsAndRepeats")
REPEATS = Setting("lockstep_mutants.remembering:ExecutedCheckAfterMerge")
TODAY = date(2027, 1, 31)


def campaign(
    folder: Path, setting: Setting, known: frozenset[str] = frozenset(), cases: int = 40
) -> Report:
    plan = Plan("one", (setting,), storage="memory", findings=folder, known=known)
    return run_campaign(plan, Budget(cases=cases), 1, Unseeing())


def folder_of(finding: Finding) -> Path:
    assert finding.kept.path is not None
    return finding.kept.path.parent


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """Return the one kind of the canary."""
    (finding,) = campaign(tmp_path_factory.mktemp("canary"), CANARY).findings
    return known_of(folder_of(finding), "it's ticket 12\n\x1b[2J", date(2027, 1, 31))


# The file.


def test_what_is_added_is_read_back_and_what_was_there_stays(known: Known, tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text("# mine\n")
    add_known(path, known)
    assert read_known(path) == (known,)
    assert path.read_text().startswith("# mine\n")
    with pytest.raises(UsageError, match="is there already"):
        add_known(path, known)


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    assert read_known(tmp_path / "none.toml") == ()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("reason", "because", "unknown field `because`"),
        ("[[known]]", "[[known", "at line"),
        ('executor = "canary"', 'executor = "mine"', "not that of its executor and form"),
        ('"state":', '"states":', "unknown field `states`"),
        ("until = 2027-01-31", 'until = "soon"', "until"),
        ("needs = []", 'needs = ["birds"]', "birds"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_reason(
    before: str, after: str, words: str, known: Known, tmp_path: Path
) -> None:
    path = tmp_path / "known.toml"
    add_known(path, known)
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(UsageError, match=re.escape(words)) as refused:
        read_known(path)
    assert str(path) in str(refused.value)


def test_what_is_no_finding_cannot_be_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no finding of lockstep fuzz"):
        known_of(Path("corpora/mutants/T01.json"), "why", None)
    with pytest.raises(UsageError, match="no case files"):
        known_of(tmp_path, "why", None)


def test_a_folder_says_what_all_its_cases_need(tmp_path: Path) -> None:
    burns = Setting("lockstep_mutants.kinds:BurnUnsupported")
    findings = campaign(tmp_path, burns, cases=120).findings
    known = known_of(folder_of(findings[0]), "burns", None)
    assert known.needs == {"burns"}
    add_known(tmp_path / "known.toml", known)
    assert read_known(tmp_path / "known.toml") == (known,)


# Campaigns.


def test_a_known_kind_is_counted_and_neither_told_nor_kept(known: Known, tmp_path: Path) -> None:
    report = campaign(tmp_path, CANARY, frozenset({known.kind}))
    assert [*report.findings, *report.shapes, *report.unsettled] == []
    assert report.known == {known.kind: sum(report.tally.bins.values())}
    assert not report.kinds
    assert list(tmp_path.iterdir()) == []
    report.complaints.clear()
    assert of_campaign(report) == AGREE
    assert of_campaign(campaign(tmp_path / "unknown", CANARY)) == DIVERGENCE


def test_behind_a_known_kind_a_bug_of_two_blocks_is_met_in_the_same_case(tmp_path: Path) -> None:
    (alone,) = campaign(tmp_path / "alone", REPEATS, cases=40).findings
    both = campaign(tmp_path / "both", TWO_BUGS, cases=40).findings
    debits = {each.kind for each in both if "sender too much" in form_in(each)}
    assert 0 < len(debits) < len(both)
    report = campaign(tmp_path / "known", TWO_BUGS, frozenset(debits), cases=40)
    (behind,) = report.findings
    assert "nonce passed by" in form_in(behind)
    assert case_of(behind) == case_of(alone)
    assert report.known.keys() == debits
    assert of_campaign(report) == DIVERGENCE


def name_of(finding: Finding) -> str:
    assert finding.kept.path is not None
    return finding.kept.path.name


def form_in(finding: Finding) -> str:
    return load(folder_of(finding) / name_of(finding)).origin["form"]


def case_of(finding: Finding) -> str:
    return load(folder_of(finding) / name_of(finding)).origin["case"]


# Looking at it.


@pytest.mark.parametrize(
    ("executor", "today", "standing"),
    [
        ("canary", TODAY, Standing.FAILS),
        ("canary", date(2027, 2, 1), Standing.EXPIRED),
        ("canary=batched", TODAY, Standing.FIXED),
    ],
)
def test_a_known_kind_fails_is_expired_or_is_fixed(
    executor: str, today: date, standing: Standing, known: Known, tmp_path: Path
) -> None:
    setting = Setting(executor)
    (looked,) = look_at([known], [(setting.label, setting)], today, tmp_path, trust=None)
    assert looked.standing is standing


def test_what_the_command_line_does_not_name_is_not_run_by_a_campaign(known: Known) -> None:
    assert list(look_at([known], [("mine", CANARY)], TODAY, Path("x"), trust=None)) == []


@pytest.mark.parametrize(
    ("asks", "word"),
    [
        (replace(CANARY, storage="no.such:Store"), "the storage no.such:Store"),
        (replace(CANARY, judging=Judging("no.such:Oracle")), "the oracle no.such:Oracle"),
        (replace(CANARY, surroundings=Surroundings((("A", "b"),))), "the variable A=b"),
    ],
    ids=["storage", "oracle", "surroundings"],
)
def test_a_known_file_has_no_store_oracle_or_surroundings_of_its_own(
    asks: Setting, word: str, known: Known
) -> None:
    asking = replace(known, record=replace(known.record, setting=asks))
    (looked,) = look_at([asking], [], TODAY, Path("known.toml"))
    assert looked.standing is Standing.NOT_RUN
    assert f"known.toml asks for {word}" in looked.why


# The command line.


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def canary(*arguments: object) -> tuple[int, str]:
    result = fuzz("--executor", "canary", "--findings", "findings", *arguments)
    return result.exit_code, result.output


def test_a_finding_is_set_aside_listed_checked_and_told_when_it_is_fixed(place: Path) -> None:
    code, _ = canary()
    assert code == DIVERGENCE
    (folder,) = Path("findings").iterdir()
    added = lockstep("known", "add", folder, "--reason", "ticket 12", "--until", "2999-12-31")
    assert added.exit_code == AGREE, added.output
    code, output = canary()
    assert code == AGREE, output
    assert re.search(rf"known, set aside.* failures of {folder.name}", output)
    assert "DIVERGE" not in output
    listed = lockstep("known", "list").output
    assert f"{folder.name}  canary: diverge modified_balances of a sender too much" in listed
    assert "(ticket 12), until 2999-12-31" in listed
    checked = lockstep("known", "check")
    assert (checked.exit_code, "still fails" in checked.output) == (AGREE, True)
    fixed = lockstep("known", "check", "--executor", "canary=batched")
    assert (fixed.exit_code, "fixed: remove it" in fixed.output) == (DIVERGENCE, True)
    mended = ("--executor", "canary=batched")
    told = fuzz(*mended)
    assert (told.exit_code, "fixed: remove it" in told.output) == (AGREE, True)
    assert fuzz(*mended, "--strict-known").exit_code == DIVERGENCE
    assert fuzz(*mended, "--strict-known", "--known", "other.toml").exit_code == AGREE


def test_an_expired_kind_is_told_and_ends_with_1_if_asked_to(place: Path) -> None:
    canary()
    (folder,) = Path("findings").iterdir()
    lockstep("known", "add", folder, "--reason", "ticket 12", "--until", "2001-01-01")
    code, output = canary()
    assert (code, "expired" in output) == (AGREE, True)
    assert canary("--strict-known")[0] == DIVERGENCE
    assert lockstep("known", "check").exit_code == DIVERGENCE
    assert "(expired)" in lockstep("known", "list").output


def test_a_known_file_has_nothing_run_but_what_the_command_line_names(place: Path) -> None:
    executor = f"mine={TARGETS}:OneFeeTooMany"
    fuzz("--executor", executor, "--findings", "findings")
    for folder in Path("findings").iterdir():
        added = lockstep("known", "add", folder, "--reason", "fees")
        assert added.exit_code == AGREE, added.output
    refused = lockstep("known", "check")
    assert refused.exit_code == USAGE
    assert "not run" in refused.output
    assert "--trust" in refused.output
    assert lockstep("known", "check", "--executor", executor).exit_code == AGREE
    assert lockstep("known", "check", "--trust").exit_code == AGREE


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_says_something(reason: str, place: Path) -> None:
    canary()
    (folder,) = Path("findings").iterdir()
    assert lockstep("known", "add", folder, "--reason", reason).exit_code == USAGE
    assert not Path("lockstep.known.toml").exists()
