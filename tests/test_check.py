"""ci/check, with its tools replaced by ones that note how they are called."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPEATING
from tests.repository import REPOSITORY

TOOLS = ("ruff", "mypy", "lint-imports", "python", "coverage")
TOOL = """#!/bin/sh
echo "$(basename "$0") $*" | sed 's/ $//' >> "$CALLS"
[ "$1" != report ] || cat "$REPORT"
case "$(basename "$0") $*" in "$FAILING"*) exit 1 ;; esac
"""
REPORT = """\
Name      Stmts   Miss Branch BrPart  Cover
-------------------------------------------
low.py       20      4      0      0    80%
high.py      20      0      0      0   100%
-------------------------------------------
TOTAL        40      4      0      0    90%
"""
BEFORE_THE_TESTS = ["ruff check .", "ruff format --check .", "mypy", "lint-imports"]


@dataclass(frozen=True)
class Ended:
    code: int
    calls: list[str]
    text: str


@dataclass(frozen=True)
class Check:
    """ci/check over a folder of tools that only note their calls."""

    folder: Path

    def __call__(
        self, *arguments: str, failing: str = "nothing", coverage: str | None = None
    ) -> Ended:
        calls, report = self.folder / "calls", self.folder / "report"
        report.write_text(REPORT)
        calls.unlink(missing_ok=True)
        environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "REPORT": str(report),
            "FAILING": failing,
            "JOBS": "7",
        }
        if coverage is not None:
            environment["COVERAGE"] = coverage
        done = subprocess.run(  # noqa: S603 - this checkout's own script
            [REPOSITORY / "ci" / "check", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(done.returncode, calls.read_text().splitlines(), done.stdout)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    for name in TOOLS:
        (tmp_path / name).write_text(TOOL)
        (tmp_path / name).chmod(0o755)
    return Check(tmp_path)


def test_it_runs_style_types_arrows_and_then_the_whole_suite_measured(check: Check) -> None:
    ended = check()
    assert ended.code == 0
    assert ended.calls[:4] == BEFORE_THE_TESTS
    erase, suite, combine, report = ended.calls[4:]
    assert erase == "coverage erase"
    assert suite.startswith("coverage run -m pytest --numprocesses 7 ")
    assert combine.startswith("coverage combine")
    assert report.startswith("coverage report")


def test_the_figure_and_the_files_below_95_percent_are_printed(check: Check) -> None:
    shown = re.findall(r"^(\S+) .* (\d+)%$", check().text, re.MULTILINE)
    assert shown == [("low.py", "80"), ("TOTAL", "90")]


@pytest.mark.parametrize(
    "call", ["ruff", "mypy", "lint-imports", "coverage run", "coverage report"]
)
def test_what_one_tool_refuses_the_check_refuses(check: Check, call: str) -> None:
    ended = check(failing=call)
    assert ended.code != 0
    assert ended.calls[-1].startswith(call)


@pytest.mark.parametrize("arguments", [(), ("tests/reference",)])
def test_a_test_that_fails_fails_the_check(check: Check, arguments: tuple[str, ...]) -> None:
    assert check(*arguments, failing="coverage run" if not arguments else "python").code != 0


def test_nothing_is_measured_where_that_is_asked_for(check: Check) -> None:
    ended = check(coverage="0")
    assert ended.code == 0
    assert len(ended.calls) == 5
    assert ended.calls[-1].startswith("python -m pytest --numprocesses 7 ")


def test_part_of_the_suite_is_not_measured(check: Check) -> None:
    ended = check("tests/reference", "-x")
    assert ended.calls[-1].startswith("python -m pytest ")
    assert ended.calls[-1].endswith(" tests/reference -x")


def test_a_commit_is_checked_by_what_comes_before_the_tests() -> None:
    hooks = (REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"^ +entry: (.+)$", hooks, re.MULTILINE)
    assert entries == BEFORE_THE_TESTS
    for setting in ("language: system", "pass_filenames: false", "always_run: true"):
        assert hooks.count(setting) == len(entries)


@pytest.mark.parametrize("repeating", REPEATING)
def test_what_coverage_leaves_out_is_there(repeating: str) -> None:
    path, _, name = repeating.partition("::")
    assert (REPOSITORY / path).exists()
    assert not name or f"\ndef {name}(" in (REPOSITORY / path).read_text(encoding="utf-8")
