"""Whose outcome counts, on the command line: the same options, from a campaign to its replay."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.case.file import Setting, load, save
from lockstep.case.judging import Codes, Judging, Part
from tests.harness.cli.command_line import (
    AGREE,
    DIVERGENCE,
    FAULT,
    GATE,
    USAGE,
    assert_one_line,
    fuzz,
    lockstep,
)
from tests.harness.small import record
from tests.repository import REPOSITORY

RULES = "tests.harness.other_rules"
OTHER, RACING = f"{RULES}:OtherRules", f"{RULES}:OtherRulesRacing"
SERVED = f"cmd:{sys.executable} -m lockstep serve --stdio --executor"
LENIENT = ("--codes", "class", "--ignore", "gas", "--ignore", "fees", "--ignore", "burned")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    return tmp_path


def findings() -> list[Path]:
    return sorted(Path("corpora/findings").rglob("*.json"))


def test_a_campaign_says_by_what_it_judges_and_by_the_reference_it_says_nothing() -> None:
    judged = fuzz("--executor", OTHER, "--oracle", "sequential")
    assert judged.exit_code == AGREE, judged.output
    assert "judged by its own sequential mode\n" in judged.output
    lenient = fuzz("--executor", OTHER, *LENIENT)
    assert lenient.exit_code == AGREE, lenient.output
    assert "codes compared by class\nburned, fees, gas ignored\n" in lenient.output
    assert re.search(r"not compared +│ 20: fees, left out", lenient.output)
    assert re.search(r"not compared +│ \d+: gas, which differed", lenient.output)
    assert "judged" not in fuzz().output


def test_a_finding_is_replayed_and_shrunk_as_the_campaign_judged() -> None:
    found = fuzz("--cases", 160, "--executor", RACING, "--oracle", "sequential")
    assert found.exit_code == DIVERGENCE, found.output
    assert "  judged by its own sequential mode\n" in found.output
    path = findings()[0]
    assert load(path).setting == Setting(RACING, judging=Judging("sequential"))
    again = lockstep("replay", path, "--executor", RACING)
    assert again.exit_code == DIVERGENCE, again.output
    assert "scheduled, judged by its own sequential mode)" in again.output
    assert "DRIFT" not in again.output
    shrunk = lockstep("shrink", path, "--executor", RACING, "--into", "smaller")
    assert shrunk.exit_code == DIVERGENCE, shrunk.output
    [smaller] = Path("smaller").glob("*.json")
    assert load(smaller).setting == load(path).setting


def test_what_the_command_line_asks_for_takes_the_place_of_what_a_file_says() -> None:
    judging = Judging("sequential", Codes.CLASS, (Part.GAS,))
    path = save(record(setting=Setting("canary", judging=judging)), Path("cases"))
    assert lockstep("replay", path).exit_code == AGREE
    assert lockstep("replay", path, "--oracle", "reference").exit_code == DIVERGENCE
    assert lockstep("replay", path, "--oracle", "dag").exit_code == DIVERGENCE
    assert lockstep("replay", path, "--invariants").exit_code == DIVERGENCE


@pytest.mark.parametrize("command", ["replay", "shrink", "explain"])
@pytest.mark.parametrize("oracle", ["evil:X", "cmd:sh -c 'echo run > PWNED'"])
def test_a_file_names_built_in_oracles_only(command: str, oracle: str) -> None:
    Path("evil.py").write_text("from pathlib import Path\nPath('PWNED').write_text('run')\n")
    setting = Setting("canary", judging=Judging(oracle))
    path = save(replace(record(setting=setting), verdict="diverge"), Path("cases"))
    assert_one_line(lockstep(command, path), USAGE, f"asks for the oracle {oracle}", "--trust")
    assert not Path("PWNED").exists()
    if command != "explain":
        named = lockstep(command, path, "--oracle", "batched")
        assert named.exit_code == DIVERGENCE, named.output
        assert not Path("PWNED").exists()


def test_a_finding_judged_by_an_oracle_that_is_not_ours_names_it_in_its_command() -> None:
    found = fuzz("--executor", "batched", "--oracle", OTHER)
    assert found.exit_code == DIVERGENCE, found.output
    assert f"json --oracle {OTHER}\n" in found.output
    assert_one_line(lockstep("replay", findings()[0]), USAGE, f"asks for the oracle {OTHER}")
    assert lockstep("replay", findings()[0], "--oracle", OTHER).exit_code == DIVERGENCE


def test_an_oracle_that_no_longer_says_what_a_file_expects_has_drifted() -> None:
    fuzz("--executor", "batched", "--oracle", OTHER)
    document = json.loads(findings()[0].read_bytes())
    document["expected"][-1]["fees"] = "1"
    Path("edited.json").write_text(json.dumps(document))
    drifted = lockstep("replay", "edited.json", "--oracle", OTHER)
    assert f"ORACLE DRIFT edited.json: {OTHER} no longer gives" in drifted.output
    other = lockstep("replay", "edited.json", "--oracle", "reference")
    assert "DRIFT" not in other.output
    assert other.exit_code == AGREE


def test_where_there_is_no_sequential_mode_one_line_says_so() -> None:
    server = ("--executor", "http://127.0.0.1:1", "--oracle", "sequential")
    path = save(record(), Path("cases"))
    assert_one_line(lockstep("replay", path, *server), FAULT, "no labu server at")
    reference = f"cmd:{sys.executable} -m lockstep serve --stdio"
    checked = lockstep("check-executor", reference, "--oracle", "sequential")
    assert_one_line(checked, USAGE, "--oracle sequential is unsupported", "no parallel path")
    fuzzed = fuzz("--executor", reference, "--oracle", "sequential", "--cases", 3)
    assert fuzzed.exit_code == GATE
    assert "parallel path: none is declared" in fuzzed.output


def test_a_program_is_held_against_its_own_sequential_mode() -> None:
    path = save(record(), Path("cases"))
    served = ("--executor", f"{SERVED} {OTHER}")
    assert lockstep("replay", path, *served).exit_code == DIVERGENCE
    assert lockstep("replay", path, *served, "--oracle", "sequential").exit_code == AGREE
    assert lockstep("replay", path, *served, *LENIENT).exit_code == AGREE


def test_the_checks_of_the_protocol_are_judged_by_it_too() -> None:
    only = ("--only", "payload transfers", "--only", "unknown fields", "--only", "generated cases")
    other = ("check-executor", f"{SERVED} {OTHER}", *only)
    assert lockstep(*other).exit_code == DIVERGENCE
    judged = lockstep(*other, "--oracle", "sequential")
    assert judged.exit_code == AGREE, judged.output
    assert "judged by its own sequential mode" in judged.output
    assert lockstep(*other, *LENIENT).exit_code == AGREE


def test_a_rehearsal_takes_programs_and_any_oracle() -> None:
    chain = ("devnet", "--blocks", 12, "--transactions", 8, "--seed", "x", "--storage", "memory")
    right = lockstep(*chain, "--executor", f"{SERVED} batched")
    assert right.exit_code == AGREE, right.output
    assert "driver" not in right.output
    wrong = lockstep(*chain, "--executor", f"{SERVED} canary")
    assert wrong.exit_code == DIVERGENCE, wrong.output
    assert "reproduction: 30 of 30 runs fail" in wrong.output
    other = (*chain, "--executor", OTHER)
    assert lockstep(*other).exit_code == DIVERGENCE
    assert lockstep(*other, "--oracle", "sequential").exit_code == AGREE
    assert lockstep(*other, *LENIENT).exit_code == AGREE


def test_a_rehearsal_of_which_nothing_could_be_compared_is_no_success() -> None:
    few = ("devnet", "--blocks", 20, "--transactions", 9, "--seed", "x", "--storage", "memory")
    result = lockstep(*few, "--executor", "tests.harness.faulty_executors:Refusing")
    assert result.exit_code == GATE, result.output
    assert re.search(r"unsupported +│ \d+: payloads: every one of them", result.output)
    assert result.stderr.endswith("every block was unsupported: nothing was compared\n")
