"""`lockstep fuzz`: what a campaign exits with, what it refuses, how Ctrl-C ends it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockstep.campaign import controls, worker
from lockstep.case.file import Setting, load
from lockstep.case.values import Case
from tests.harness.cli.command_line import (
    AGREE,
    DIVERGENCE,
    FAULT,
    GATE,
    ROOT,
    TALKATIVE,
    TARGETS,
    USAGE,
    fuzz,
)
from tests.harness.small import payment


def test_fuzz_of_a_correct_executor_exits_0(findings: Path) -> None:
    result = fuzz("--findings", findings)
    assert result.exit_code == AGREE
    assert "verdict agree" in result.stdout
    assert not findings.exists()


def test_fuzz_of_a_diverging_executor_exits_1_and_says_how_to_replay(findings: Path) -> None:
    result = fuzz("--findings", findings, "--executor", "canary")
    assert result.exit_code == DIVERGENCE
    for path in findings.rglob("*.json"):
        assert f"replay: lockstep replay {path}" in result.stdout


@pytest.mark.parametrize("name", ["Crashing", "CrashingTask", "Waiting", "Silent"])
def test_fuzz_of_a_broken_executor_exits_3(findings: Path, name: str) -> None:
    result = fuzz("--findings", findings, "--executor", f"{TARGETS}:{name}")
    assert result.exit_code == FAULT
    assert list(findings.rglob("*.json"))


def test_fuzz_exits_4_when_a_health_gate_fails(
    findings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tame(_seed: str, _number: int, _scheme: str, *_carved: object) -> Case:
        return payment()

    monkeypatch.setattr(worker, "case_at", tame)
    result = fuzz("--findings", findings, "--cases", 600)
    assert result.exit_code == GATE
    assert "health gate failed: conflict density" in result.stdout


def test_fuzz_exits_4_when_the_canary_is_not_caught(
    findings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "CANARIES", {"the canary": Setting("batched")})
    result = fuzz("--findings", findings)
    assert result.exit_code == GATE
    assert "health gate failed: the canary was not caught" in result.stdout


def test_fuzz_runs_every_executor_it_is_given(findings: Path) -> None:
    result = fuzz(
        "--findings", findings, "--executor", "batched", "--executor", f"{TARGETS}:OneFeeTooMany"
    )
    assert result.exit_code == DIVERGENCE
    assert {load(path).setting for path in findings.rglob("*.json")} == {
        Setting(f"{TARGETS}:OneFeeTooMany")
    }


@pytest.mark.parametrize("text", ["", "0", "-1", "-1s", "soon", "5d", "h", "nan", "inf", "1e999h"])
def test_a_bad_duration_is_refused_by_name(findings: Path, text: str) -> None:
    result = fuzz("--findings", findings, f"--time={text}")
    assert result.exit_code == USAGE
    assert f"{text!r} is no duration" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--cases", "0"),
        ("--jobs", "0"),
        ("--workers", "0"),
        ("--driver", "tea"),
        ("--storage", "x"),
    ],
)
def test_a_bad_option_is_refused(findings: Path, arguments: tuple[str, str]) -> None:
    result = fuzz("--findings", findings, *arguments)
    assert result.exit_code == USAGE
    assert arguments[0].strip("-") in result.stderr


# Ctrl-C.


@contextmanager
def fuzzing(findings: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a campaign that would go on for an hour."""
    command = [*TALKATIVE, "fuzz", "--time", "1h", "--seed", "one", "--storage", "memory"]
    with subprocess.Popen(  # noqa: S603 - this checkout's own program
        [*command, "--findings", str(findings), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def assert_interrupted(process: subprocess.Popen[str], code: int) -> None:
    """Send Ctrl-C and see the campaign end with its summary."""
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert "interrupted: stopped before the budget was spent" in output
    assert "kinds of failure" in output
    assert "Traceback" not in errors


def test_ctrl_c_after_a_finding_keeps_it_and_prints_the_summary(findings: Path) -> None:
    with fuzzing(findings, "--executor", "canary") as process:
        assert process.stdout is not None
        assert any("replay: lockstep replay" in line for line in process.stdout)
        assert_interrupted(process, DIVERGENCE)
    kept = list(findings.rglob("*.json"))
    assert kept
    for path in kept:
        assert load(path).setting == Setting("canary")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_before_any_finding_exits_3_with_the_summary(findings: Path, jobs: str) -> None:
    with fuzzing(findings, "--jobs", jobs) as process:
        assert process.stderr is not None
        assert "cases" in process.stderr.readline()
        assert_interrupted(process, FAULT)
    assert not findings.exists()
