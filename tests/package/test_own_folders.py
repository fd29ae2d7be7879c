"""A project with folders named as those of this repository keeps working, and so does lockstep."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.package.environment import Environment

FOLDERS = {
    "ledger": ("fees", "block", "model", "outcome"),
    "parallel": ("executors", "rules", "steps"),
    "harness": ("case", "run", "verdict"),
    "reference": ("block", "rules", "state"),
    "mutants": ("balances", "catalogue", "races"),
}
"""The packages of the project, and modules in them that are named as ours are."""

EXECUTOR = """
from harness.run import NAME
from ledger.fees import NAME as FEES
from lockstep import Batched
from mutants.races import NAME as RACES
from parallel.rules import NAME as RULES
from reference.block import NAME as BLOCK


class Mine(Batched):
    name = "mine"

    def merge(self, changes, storage, topoheight):
        assert (NAME, FEES) == ("my harness.run", "my ledger.fees")
        assert (RACES, RULES) == ("my mutants.races", "my parallel.rules")
        assert BLOCK == "my reference.block"
        super().merge(changes, storage, topoheight)
"""

TEST = """
from hypothesis import given, settings

from ledger.block import NAME
from lockstep import Verdict, cases, run_case
from my_executor import Mine


@settings(deadline=None, max_examples=20)
@given(cases(max_transactions=4))
def test_mine_agrees(case):
    run = run_case(case, Mine)
    assert run.verdict is Verdict.AGREE, run.differences


def test_our_own_ledger_is_ours():
    assert NAME == "my ledger.block"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make the project."""
    for folder, modules in FOLDERS.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
        for module in modules:
            (tmp_path / folder / f"{module}.py").write_text(f'NAME = "my {folder}.{module}"\n')
    (tmp_path / "my_executor.py").write_text(EXECUTOR)
    (tmp_path / "test_mine.py").write_text(TEST)
    return tmp_path


@pytest.mark.parametrize("start", [("lockstep",), ("python", "-m", "lockstep")])
def test_a_campaign_runs_the_projects_executor(
    installed: Environment, project: Path, start: tuple[str, ...]
) -> None:
    chosen = ("--cases", 20, "--seed", "any", "--jobs", 2, "--executor", "my_executor:Mine")
    ended = installed.run(*start, "fuzz", *chosen, here=project)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "verdict agree" in ended.stdout


def test_the_catalogue_of_planted_faults_is_found(installed: Environment, project: Path) -> None:
    chosen = ("--executor", "lockstep_mutants.balances:SenderNotDebited", "--campaigns", 1)
    ended = installed.run("python", "-m", "lockstep", "audit", *chosen, here=project)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 of 1 found" in ended.stdout


def test_the_projects_own_tests_run(
    installed: Environment, project: Path, folder_with_pytest: Path
) -> None:
    options = ("-q", "-p", "no:cacheprovider")
    ended = installed.run(
        "python", "-m", "pytest", *options, here=project, beside=folder_with_pytest
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 passed" in ended.stdout
