"""The conformance suite passes what is right, and each of its checks has seen something wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lockstep.case.file import load
from lockstep.check import blocks, execution, talk, versions
from lockstep.check.suite import CHECKS, Ending, greeting, run_checks
from lockstep.check.suite import Result as Checked
from lockstep.cli.main import main
from lockstep.targets.program.program import Program
from tests.harness.check.flaws import FLAWS, PROCESS_FLAWS
from tests.harness.targets.program.inside import Flaw, Inside, inside
from tests.repository import REPOSITORY

MISBEHAVING = REPOSITORY / "tests/harness/targets/program/misbehaving.py"
SERVE = f"cmd:{sys.executable} -c 'from lockstep.cli.entry import main; main()' serve --stdio"
ALL_FLAWS = [(name, flaw) for name, flaws in FLAWS.items() for flaw in flaws]


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "GENERATED", 40)
    monkeypatch.setattr(versions, "CHAINS", 10)
    monkeypatch.setattr(execution, "CASES", 10)
    monkeypatch.setattr(execution, "LARGE", 40)
    monkeypatch.setattr(talk, "PATIENCE", 1.0)


def checked(program: Program, *names: str) -> dict[str, Checked]:
    results = run_checks(program, greeting(program), names or tuple(CHECKS))
    return {each.name: each for each in results}


def test_every_check_has_a_flaw_that_it_must_see() -> None:
    assert FLAWS.keys() | PROCESS_FLAWS.keys() == CHECKS.keys()
    assert not FLAWS.keys() & PROCESS_FLAWS.keys()


@pytest.mark.parametrize("name", ["optimistic", "dag"])
def test_an_executor_that_is_right_passes_every_check(name: str) -> None:
    results = checked(inside(name), *FLAWS)
    assert {each.ending for each in results.values()} == {Ending.PASSED}, results


def test_an_executor_that_believes_the_flags_passes_every_check() -> None:
    results = checked(inside("batched", precomputed=True), *FLAWS)
    assert {each.ending for each in results.values()} == {Ending.PASSED}, results
    assert "precomputed" in results["signatures"].text


def test_a_program_of_version_1_passes_and_what_came_later_is_not_declared() -> None:
    def old(_: Inside, request: Any, answer: Callable[[Any], Any]) -> Any:
        if request_type(request) in ("rewind", "read_state"):
            return {"type": "error", "id": request["id"], "code": "unknown_message"}
        right = answer(request)
        if right["type"] == "hello":
            del right["minor"]
            for name in ("history", "references", "fee_types", "chain_ids", "heights", "jitter"):
                del right["capabilities"][name]
        return right

    results = checked(inside("optimistic", old), *FLAWS)
    undeclared = {name for name, each in results.items() if each.ending is Ending.UNDECLARED}
    assert undeclared == {
        *("rewind", "read_state", "load_state with versions", "history", "references", "jitter")
    }
    assert {each.ending for each in results.values()} == {Ending.PASSED, Ending.UNDECLARED}


def request_type(request: Any) -> object:
    return request.get("type") if isinstance(request, dict) else None


def test_what_the_reference_does_not_declare_is_said_and_not_passed() -> None:
    results = checked(inside(), *FLAWS)
    undeclared = {name for name, each in results.items() if each.ending is Ending.UNDECLARED}
    assert undeclared == {"force_parallel", "schedule seed", "schedule replay", "jitter"}
    assert {each.ending for each in results.values()} == {Ending.PASSED, Ending.UNDECLARED}


@pytest.mark.parametrize(
    ("name", "flaw"), ALL_FLAWS, ids=[f"{name}: {flaw.__name__}" for name, flaw in ALL_FLAWS]
)
def test_each_check_sees_the_flaw_it_is_for(name: str, flaw: Flaw) -> None:
    result = checked(inside("optimistic", flaw), name)[name]
    assert result.ending is Ending.WRONG
    assert result.text


@pytest.mark.parametrize("name", PROCESS_FLAWS)
def test_each_check_of_the_process_sees_the_flaw_it_is_for(name: str) -> None:
    flawed = Program((sys.executable, "-IS", str(MISBEHAVING), PROCESS_FLAWS[name]))
    result = checked(flawed, name)[name]
    assert result.ending is Ending.WRONG, result
    assert result.text


def check_executor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check-executor", *arguments])


def test_the_command_passes_the_served_reference_as_a_process() -> None:
    only = [word for name in PROCESS_FLAWS for word in ("--only", name)]
    result = check_executor(SERVE, *only)
    assert result.exit_code == 0, result.output
    assert "6 ok, 0 WRONG, 0 not declared" in result.output


def test_the_command_ends_with_1_if_anything_is_wrong() -> None:
    result = check_executor(
        f"cmd:{sys.executable} -IS {MISBEHAVING} right", "--only", "unknown message"
    )
    assert result.exit_code == 1
    assert "WRONG         unknown message" in result.output


def test_the_case_of_a_failed_check_is_kept_and_replays(tmp_path: Path) -> None:
    flawed = f"cmd:{sys.executable} -IS {MISBEHAVING} right"
    words = ("--only", "payload burn", "--findings", str(tmp_path))
    result = check_executor(flawed, *words)
    assert result.exit_code == 1
    [path] = tmp_path.rglob("*.json")
    assert f"replay: lockstep replay {path} --executor" in " ".join(result.output.split())
    record = load(path)
    assert record.origin["check"] == "payload burn"
    replayed = CliRunner().invoke(main, ["replay", str(path), "--executor", flawed])
    assert replayed.exit_code == 1
    assert "another failure" not in replayed.output
    right = CliRunner().invoke(main, ["replay", str(path), "--executor", SERVE])
    assert right.exit_code == 0, right.output


@pytest.mark.parametrize("name", ["jitter", "generated cases", "workers and repeats"])
def test_a_check_about_blocks_says_by_which_case_it_went_wrong(name: str) -> None:
    flaw = FLAWS[name][0]
    result = checked(inside("optimistic", flaw), name)[name]
    record = result.record("cmd:flawed")
    assert record is not None
    assert record.case.transactions() > 0
    assert record.verdict in ("diverge", "self_diverge")


def test_a_check_of_the_conversation_has_no_case() -> None:
    result = checked(inside("optimistic", FLAWS["echo"][0]), "echo")["echo"]
    assert result.ending is Ending.WRONG
    assert result.record("cmd:flawed") is None


def test_the_command_ends_with_1_if_nothing_was_checked() -> None:
    result = check_executor(SERVE, "--only", "schedule seed")
    assert result.exit_code == 1
    assert "0 ok, 0 WRONG, 1 not declared" in result.output


def test_the_command_ends_with_3_if_the_program_says_no_hello() -> None:
    result = check_executor(f"cmd:{sys.executable} -IS {MISBEHAVING} exit hello")
    assert result.exit_code == 3
    assert "no hello: crash" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("batched",), "is no program"),
        (("cmd:true", "--only", "nonsense"), "unknown check 'nonsense'"),
        (("cmd:/no/such/program",), "no program"),
    ],
)
def test_the_command_ends_with_2_for_what_cannot_be_asked(
    arguments: tuple[str, ...], words: str
) -> None:
    result = check_executor(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
