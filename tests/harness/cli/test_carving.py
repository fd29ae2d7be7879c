"""Cases for what is under test, and any one of them by its number, on the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.harness.cli.command_line import (
    AGREE,
    DIVERGENCE,
    GATE,
    USAGE,
    assert_one_line,
    fuzz,
    lockstep,
)
from tests.harness.targets.program.limited import limited

TRANSFERS = {"payloads": ["transfers"], "terms": [], "policies": ["skip"]}
REFUSING = "tests.harness.faulty_executors:RefusingBurns"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_program_gets_the_cases_that_it_supports_and_all_are_compared() -> None:
    result = fuzz("--cases", 40, "--executor", limited("batched", TRANSFERS))
    assert result.exit_code == AGREE, result.output
    gone = "burn, nonce_bump, multisig, raw, rewards, fees_to, lone, atomic"
    assert f"cases are made without {gone}\n" in result.output
    assert "unsupported" not in result.output


def test_what_one_target_lacks_no_target_gets() -> None:
    atomic = limited("batched", {"policies": ["atomic"], "limits": {"transactions": 2}})
    result = fuzz("--cases", 10, "--executor", atomic, "--executor", "canary")
    assert result.exit_code == DIVERGENCE, result.output
    assert "cases are made without skip; at most 2 transactions a block\n" in result.output


def test_a_program_that_verifies_other_signatures_gets_those() -> None:
    result = fuzz("--cases", 4, "--executor", limited("batched", {"signatures": ["schnorr"]}))
    assert result.exit_code == AGREE, result.output
    assert "signed with schnorr, which all of them take\n" in result.output


def test_cases_are_carved_by_hand_and_unknown_words_refused_with_the_list() -> None:
    result = fuzz("--cases", 60, "--only", "transfers,burn", "--without", "rewards,energy")
    assert result.exit_code == AGREE, result.output
    assert "cases are made without nonce_bump, multisig, raw, rewards, energy\n" in result.output
    assert_one_line(fuzz("--only", "transfer"), USAGE, "'transfer'", "transfers, burn, nonce_bump")
    assert_one_line(fuzz("--without", "gas"), USAGE, "'gas'", "rewards, fees_to, lone")


def test_a_campaign_of_which_under_half_was_compared_fails_its_gate() -> None:
    result = fuzz("--cases", 60, "--executor", REFUSING, "--only", "burn")
    assert result.exit_code == GATE, result.output
    assert re.search(rf"health gate failed: \d+ of 60 cases of {REFUSING} were", result.output)
    assert "health gate" not in fuzz("--cases", 60, "--executor", REFUSING).output


def test_an_unsupported_case_has_a_number_by_which_it_can_be_seen() -> None:
    campaign = ("--executor", REFUSING, "--cases", 200)
    told = re.search(r"payloads: burn \(the first is case (\d+)\)", fuzz(*campaign).output)
    assert told is not None
    number = int(told[1])
    shown = fuzz("--executor", REFUSING, "--case", number)
    assert shown.exit_code == GATE, shown.output
    assert shown.output.startswith(f"case {number} of seed one\n")
    assert " burns " in shown.output
    assert f"unsupported {REFUSING}: payloads: burn\n" in shown.output


def test_a_single_case_that_fails_is_shown_with_what_differs() -> None:
    met = re.search(
        r"met \w+, diverge: (.*)\n.*met-case-(\d+)-0", fuzz("--executor", "canary").output
    )
    assert met is not None
    shown = fuzz("--executor", "canary", "--case", met[2])
    assert shown.exit_code == DIVERGENCE, shown.output
    assert shown.output.startswith(f"case {met[2]} of seed one\n")
    assert f"diverge canary\n  {met[1]}\n" in shown.output


def test_a_single_case_that_agrees_is_shown_too() -> None:
    shown = fuzz("--case", 7)
    assert shown.exit_code == AGREE
    assert shown.output.splitlines()[-1] == "agree batched"


def test_a_rehearsal_is_made_for_what_is_declared() -> None:
    chain = ("devnet", "--blocks", 12, "--transactions", 8, "--seed", "x", "--storage", "memory")
    result = lockstep(*chain, "--executor", limited("batched", TRANSFERS))
    assert result.exit_code == AGREE, result.output
    assert "unsupported" not in result.output
