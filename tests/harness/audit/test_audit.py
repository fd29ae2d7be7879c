"""The audit: finds what a campaign finds, survivors and accused twins fail it, masked are told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from lockstep.audit import subject as subjects
from lockstep.audit.audit import Audited, run_audit
from lockstep.audit.subject import Size, Subject, catalogued, subjects_of, twin_of
from lockstep.audit.trial import Searched, Terms, Trial, Twin, run_trial
from lockstep.campaign.campaign import Budget, run_campaign
from lockstep.campaign.plan import Plan
from lockstep.case.file import Setting
from lockstep.cli.main import main
from lockstep.corpus.shipped import shipped_cases
from lockstep.report.audit import closing_lines, row
from lockstep_mutants.catalogue import MASKED, ROWS
from tests.harness.campaign.observing import Unseeing
from tests.harness.findings.keeping import load_finding

RACE = "lockstep_mutants.races:DestinationsMissing"
VALUE = "lockstep_mutants.balances:SenderNotDebited"
QUICK = Terms(budget=20.0, storage="memory")


def audit(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["audit", "--storage", "memory", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def known(executor: str) -> Subject:
    (found,) = subjects_of([executor])
    return found


# What is audited.


def test_every_row_of_the_catalogue_is_a_subject_with_its_minimum_and_a_correct_twin() -> None:
    found = [each for each in catalogued() if not each.masked]
    assert [each.executor for each in found] == [row.executor for row in ROWS]
    assert [each.known for each in found] == [
        Size(row.transactions, row.deviations) for row in ROWS
    ]
    assert all(each.twin is not None for each in found)


def test_every_masked_entry_is_a_subject_with_its_reason() -> None:
    found = [each for each in catalogued() if each.masked]
    assert [(each.id, each.masked) for each in found] == [(row.id, row.reason) for row in MASKED]


def test_the_twin_is_the_nearest_correct_base_class() -> None:
    assert twin_of(RACE) == "batched"
    assert twin_of("lockstep_mutants.turns:AnyFailureStops") == "dag"
    assert twin_of("lockstep_mutants.optimistic:NoEstimateOnAbort") == "optimistic"
    assert twin_of("examples.sequential_executor:Sequential") is None


def test_an_executor_of_no_catalogue_has_no_known_minimum() -> None:
    subject = known("tests.harness.faulty_executors:Crashing")
    assert (subject.known, subject.masked, subject.twin) == (None, "", "batched")


# What a trial measures.


@pytest.mark.parametrize("executor", [RACE, VALUE])
def test_a_trial_finds_the_case_that_a_campaign_finds_first(executor: str, tmp_path: Path) -> None:
    vectors = shipped_cases("keyed-hash")
    plan = Plan("one", (Setting(executor),), storage="memory", seeds=vectors, findings=tmp_path)
    report = run_campaign(plan, Budget(cases=300), 1, Unseeing())
    number = int(load_finding(report.findings[0]).origin["case"])
    trial = run_trial(known(executor), "one", QUICK)
    assert trial.searched.cases == number + 1
    assert trial.verdict == report.findings[0].run.verdict.value


def test_a_race_shrinks_to_its_known_size_and_its_twin_agrees_on_the_same_cases() -> None:
    subject = known(RACE)
    trial = run_trial(subject, "one", QUICK)
    assert trial.shrunk is not None
    assert trial.twin is not None
    assert trial.shrunk.size == subject.known
    assert trial.twin.cases == trial.searched.cases
    assert trial.twin.executions >= trial.twin.cases
    assert trial.twin.alarms == ()


def test_a_twin_that_is_wrong_is_accused() -> None:
    trial = run_trial(replace(known(VALUE), twin="canary"), "one", QUICK)
    assert trial.twin is not None
    assert trial.twin.alarms


def test_the_number_of_processes_changes_no_detection() -> None:
    pair = [known(RACE), known(VALUE)]
    alone, together = (list(run_audit(pair, ("one", "two"), QUICK, jobs)) for jobs in (1, 2))
    assert detections(alone) == detections(together)


def detections(audited: list[Audited]) -> list[tuple[int, int, str, Size]]:
    return [
        (trial.searched.cases, trial.searched.executions, trial.failure, trial.shrunk.size)
        for each in audited
        for trial in each.trials
        if trial.shrunk is not None
    ]


# What it adds up to.


def trial(cases: int, found: bool = True, alarms: tuple[str, ...] = ()) -> Trial:
    verdict = "diverge" if found else ""
    return Trial("s", Searched(cases, cases, cases / 10), verdict, twin=Twin(cases, cases, alarms))


def test_detection_is_the_median_and_the_worst_over_the_seeds() -> None:
    audited = Audited(known(RACE), tuple(map(trial, (7, 1, 3))))
    assert audited.to_detection(lambda each: each.searched.cases) == (3, 7)


def test_what_most_seeds_did_not_find_has_survived() -> None:
    half = Audited(known(RACE), (trial(1), trial(9, found=False)))
    most = Audited(known(RACE), (trial(1), trial(2), trial(9, found=False)))
    assert half.survived
    assert not most.survived
    assert half.to_detection(lambda each: each.searched.cases) is None
    assert "survived: X12a" in " ".join(closing_lines([half]))


# The command.


def test_a_found_fault_exits_0_and_the_document_has_every_trial(tmp_path: Path) -> None:
    file = tmp_path / "audit.json"
    code, output = audit("--executor", RACE, "--campaigns", "2", "--json", str(file))
    assert code == 0, output
    (found,) = json.loads(file.read_text())["subjects"]
    assert (found["id"], found["found"], found["survived"]) == ("X12a", 2, False)
    assert [each["seed"] for each in found["trials"]] == ["audit-0", "audit-1"]
    assert found["cpu_seconds"]["median"] <= found["cpu_seconds"]["worst"]


def test_a_correct_executor_survives_which_exits_1() -> None:
    code, output = audit("--executor", "batched", "--campaigns", "1", "--budget", "0.1s")
    assert code == 1
    assert "survived: batched" in output


def test_a_masked_fault_is_told_with_its_reason_and_is_not_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subjects, "catalogue", lambda: ([], MASKED[:1]))
    code, output = audit("--campaigns", "1")
    assert code == 0
    assert f"masked: {MASKED[0].id} {MASKED[0].name}: {MASKED[0].reason}" in output
    assert row(Audited(catalogued()[0], ()))[:2] == (MASKED[0].id, "masked")


def test_an_unknown_executor_is_a_usage_error() -> None:
    code, output = audit("--executor", "no.such:Thing")
    assert code == 2
    assert "cannot import no.such" in output
