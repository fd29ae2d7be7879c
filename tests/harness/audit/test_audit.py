"""The audit: finds what a campaign finds, survivors and accused twins fail it, masked are told."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lockstep.audit import subject as subjects
from lockstep.audit.audit import Audited, run_audit
from lockstep.audit.subject import (
    Size,
    Subject,
    catalogued,
    subjects_of,
    subjects_over,
    twin_of,
)
from lockstep.audit.trial import Searched, Terms, Trial, Twin, run_trial
from lockstep.campaign.campaign import run_campaign
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Budget
from lockstep.case.file import Setting, load
from lockstep.cli.main import main
from lockstep.corpus.shipped import shipped_cases
from lockstep.report.audit import closing_lines, row
from lockstep.run.under_test import RIGHT_STORAGE
from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import Reader
from lockstep_mutants.catalogue import MASKED, ROWS
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.campaign.observing import Unseeing
from tests.harness.findings.keeping import load_finding

RACE = "lockstep_mutants.races:DestinationsMissing"
VALUE = "lockstep_mutants.balances:SenderNotDebited"
QUICK = Terms(budget=20.0, storage="memory")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is found out of the checkout."""
    monkeypatch.chdir(tmp_path)


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
    assert [each.setting for each in found] == [
        Setting(row.executor, storage=row.storage) for row in ROWS
    ]
    assert [each.known for each in found] == [
        Size(row.transactions, row.deviations) for row in ROWS
    ]
    assert all(each.without_fault not in (None, each.setting) for each in found)


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


# Stores.

STORE = "lockstep_mutants.stores:CacheSurvivesRewind"
MINE = "tests.harness.audit.test_audit"


class NeverRewinds(MemoryStorage):
    """Says how large the smallest case is."""

    known = (0, 0)

    def rewind(self, topoheight: int) -> None:
        """Say that it is done."""


class UnseenStore(MemoryStorage):
    """Says that nothing can show it."""

    masked = "nobody asks"


class MistakenStore(MemoryStorage):
    """Says something else."""

    known = "two"


def test_a_store_of_the_catalogue_is_audited_below_any_executor() -> None:
    (row,) = (each for each in catalogued() if each.storage == STORE)
    batched, dag = subjects_over(STORE, ["batched", "dag"])
    assert batched == row
    assert (dag.setting, dag.known) == (Setting("dag", storage=STORE), row.known)
    assert dag.without_fault == Setting("dag", storage=RIGHT_STORAGE)


def test_an_executor_is_not_taken_for_the_store_that_it_runs_over() -> None:
    assert known("batched").storage == ""


def test_an_audit_finds_a_store_and_shrinks_it_and_does_not_accuse_the_right_one() -> None:
    code, output = audit("--storage", f"{MINE}:NeverRewinds", "--campaigns", "2")
    assert code == 0, output
    assert "NeverRewinds: found by 2 of 2 campaigns" in output
    assert re.search(r"NeverRewinds │ 2/2 .* diverge │ 0\+0 +│ 0\+0 .* 0 of [1-9]\d+ ", output)
    assert "1 of 1 found; correct twins accused 0 times in " in output
    (kept,) = Path("corpora/findings").rglob("*.json")
    assert load(kept).setting == Setting("batched", storage=f"{MINE}:NeverRewinds")


def test_a_right_store_survives_and_a_masked_one_is_told() -> None:
    code, output = audit("--storage", RIGHT_STORAGE, "--campaigns", "1", "--budget", "1s")
    assert code == 1
    assert f"survived: MemoryStorage batched on {RIGHT_STORAGE}" in output
    code, output = audit("--storage", f"{MINE}:UnseenStore", "--campaigns", "1")
    assert code == 0
    assert "masked: UnseenStore UnseenStore: nobody asks" in output


def test_a_wrong_executor_over_a_wrong_store_is_an_accused_twin() -> None:
    code, output = audit("--storage", STORE, "--executor", "canary", "--campaigns", "1")
    assert code == 1
    assert f"false alarm: canary on {RIGHT_STORAGE}: " in output


@pytest.mark.parametrize("name", [f"{MINE}:MistakenStore", f"{MINE}:Nowhere", "nowhere"])
def test_what_makes_no_sense_of_a_store_is_a_usage_error(name: str) -> None:
    code, output = audit("--storage", name)
    assert code == 2
    assert name in output


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


# What is kept.


def test_failing_cases_are_kept_shrunk_and_fail_again(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    file = tmp_path / "audit.json"
    arguments = ("--campaigns", "2", "--findings", str(folder), "--json", str(file))
    code, output = audit("--executor", RACE, *arguments)
    assert code == 0, output
    (found,) = json.loads(file.read_text())["subjects"]
    kept = {trial["kept"] for trial in found["trials"]}
    assert kept == {str(path) for path in folder.glob("*/*.json")}
    for path in kept:
        assert f"kept {path}" in output
        record = load(Path(path))
        assert (record.case.transactions(), len(record.schedule)) == (2, 1)
        replayed = CliRunner().invoke(main, ["replay", "--storage", "memory", path])
        assert replayed.exit_code == 1, replayed.output


class Once(Batched):
    """Wrong in one block of its life, whatever is in that."""

    blocks = 0

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        outcome = super().execute(block, storage, driver)
        Once.blocks += 1
        return replace(outcome, fees=outcome.fees + 1) if Once.blocks == 12 else outcome


def test_a_failure_that_does_not_come_back_is_kept_as_it_was_met(tmp_path: Path) -> None:
    code, output = audit("--executor", f"{__name__}:Once", "--campaigns", "1", "--findings", "kept")
    assert code == 0, output
    (path,) = (tmp_path / "kept").glob("*/*.json")
    assert load(path).verdict == "diverge"
    assert f"kept {path.relative_to(tmp_path)}" in output


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_run(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    code, output = audit("--executor", RACE, "--findings", str(file / "below"))
    assert code == 2
    assert str(file) in output


def test_what_was_measured_is_written_after_every_subject(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "audit.json"
    seen: list[list[str]] = []

    def watched(*arguments: Any) -> Iterator[Audited]:
        for each in run_audit(*arguments):
            if file.exists():
                seen.append([known["id"] for known in json.loads(file.read_text())["subjects"]])
            yield each

    monkeypatch.setattr("lockstep.cli.audit.run_audit", watched)
    subjects = ("--executor", VALUE, "--executor", RACE, "--executor", "canary")
    audit(*subjects, "--campaigns", "1", "--json", str(file))
    assert seen == [["T02a"], ["T02a", "X12a"]]


# What breaks.


class Unbuildable(Batched):
    """Cannot be built."""

    def __init__(self, scheme: Scheme, workers: int = 4) -> None:
        raise RuntimeError("no such device")


class Ending(Batched):
    """Ends the process that it is executed in."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        os._exit(7)


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_subject_raises_is_its_result_and_the_others_are_measured(jobs: int) -> None:
    subjects = ("--executor", f"{__name__}:Unbuildable", "--executor", VALUE)
    code, output = audit(*subjects, "--campaigns", "1", "--jobs", str(jobs))
    assert code == 3
    assert "cannot be built: RuntimeError: no such device" in output
    assert "0/1 BROKE" in output
    assert "T02a: found by 1 of 1 campaigns" in output
    assert "survived" not in output


def test_a_process_that_dies_is_the_result_of_what_it_was_at() -> None:
    audited = list(run_audit([known(f"{__name__}:Ending"), known(VALUE)], ("one",), QUICK, 2))
    assert [each.broke for each in audited] == [("seed one: it ended with exit code 7",), ()]
    assert audited[1].found


def test_what_harness_faults_raise_is_the_result_of_a_trial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> Trial:
        raise ValueError("not a number")

    monkeypatch.setattr("lockstep.audit.audit.run_trial", broken)
    (audited,) = run_audit([known(VALUE)], ("one", "two"), QUICK, 1)
    assert audited.broke == tuple(
        f"seed {each}: ValueError: not a number" for each in ("one", "two")
    )
    assert not audited.survived


# What is known of an executor of no catalogue.


class Known(Batched):
    """Says how large the smallest case is."""

    known = (2, 1)


class Masked(Batched):
    """Says that nothing can show it."""

    masked = "its fault is behind another check"


class Mistaken(Batched):
    """Says something else."""

    known = "two"


class Wordless(Batched):
    """Does not say why."""

    masked = True


def test_an_executor_says_the_size_of_its_smallest_case() -> None:
    assert known(f"{__name__}:Known").known == Size(2, 1)


def test_an_executor_says_why_nothing_can_show_its_fault() -> None:
    code, output = audit("--executor", f"{__name__}:Masked", "--campaigns", "1")
    assert code == 0
    assert "masked: Masked Masked: its fault is behind another check" in output


@pytest.mark.parametrize("name", ["Mistaken", "Wordless"])
def test_what_makes_no_sense_of_an_executor_is_a_usage_error(name: str) -> None:
    code, output = audit("--executor", f"{__name__}:{name}")
    assert code == 2
    assert f"{__name__}:{name}: " in output


def test_twins_are_not_run_where_nobody_wants_them() -> None:
    code, output = audit("--executor", RACE, "--campaigns", "1", "--no-twin")
    assert code == 0
    assert "not run" in output
    assert "0 times in 0 executions" in output


def test_an_unknown_executor_is_a_usage_error() -> None:
    code, output = audit("--executor", "no.such:Thing")
    assert code == 2
    assert "cannot import no.such" in output
