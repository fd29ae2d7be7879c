"""No command runs what a file names, unless it is told to; a folder that one is in is no better."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.case.file import Setting, save
from lockstep.explore.certificate import load
from tests.harness.cli.command_line import (
    AGREE,
    DIVERGENCE,
    GATE,
    USAGE,
    assert_one_line,
    fuzz,
    lockstep,
)
from tests.harness.small import record

EVIL = """
from pathlib import Path
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_parallel.executors.batched import Batched
Path("PWNED").write_text("imported")
class X(Batched):
    pass
class S(MemoryStorage):
    pass
"""
ASKS = ("cmd:sh -c 'echo run > PWNED'", "evil:X")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in a folder that has a module a file may name; see that nothing was imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("evil.py").write_text(EVIL)
    yield tmp_path
    sys.modules.pop("evil", None)


def stranger(executor: str, **more: object) -> Path:
    """Return a case file that names ``executor``."""
    return save(replace(record(setting=Setting(executor)), **more), Path("cases"))  # type: ignore[arg-type]


def assert_nothing_was_run() -> None:
    assert not Path("PWNED").exists()


@pytest.mark.parametrize("executor", ASKS)
@pytest.mark.parametrize("command", ["replay", "shrink", "explain"])
def test_a_command_on_a_case_shows_what_it_asks_for_and_runs_nothing(
    command: str, executor: str
) -> None:
    path = stranger(executor, verdict="crash")
    assert_one_line(lockstep(command, path), USAGE, str(path), executor, "--trust")
    assert_nothing_was_run()


def test_a_command_that_trusts_the_file_runs_it() -> None:
    path = stranger("evil:X")
    result = lockstep("replay", path, "--trust")
    assert result.exit_code == AGREE, result.output
    assert Path("PWNED").exists()
    assert "the case does not fail on evil:X" in lockstep("explain", path, "--trust").stdout
    assert_one_line(lockstep("shrink", path, "--trust"), USAGE, "does not fail on evil:X")


def test_naming_another_executor_runs_nothing_of_the_file() -> None:
    path = stranger("evil:X", verdict="diverge")
    assert lockstep("replay", path, "--executor", "batched").exit_code == AGREE
    assert lockstep("explain", path, "--executor", "batched").exit_code == AGREE
    assert lockstep("shrink", path, "--executor", "canary").exit_code == DIVERGENCE
    assert_nothing_was_run()


def test_naming_the_executor_that_the_file_asks_for_runs_it() -> None:
    assert lockstep("replay", stranger("evil:X"), "--executor", "evil:X").exit_code == AGREE
    assert Path("PWNED").exists()


def over_a_stranger(**more: object) -> Path:
    """Return a case file that names a store of somebody's."""
    asking = record(setting=Setting(storage="evil:S"))
    return save(replace(asking, **more), Path("cases"))  # type: ignore[arg-type]


@pytest.mark.parametrize("command", ["replay", "shrink", "explain"])
def test_a_store_that_a_file_asks_for_is_shown_and_not_run(command: str) -> None:
    path = over_a_stranger(verdict="crash")
    for words in ((), ("--executor", "batched")):
        result = lockstep(command, path, *words)
        assert_one_line(result, USAGE, str(path), "the storage evil:S", "--trust")
    assert_nothing_was_run()


def test_a_store_is_run_that_is_trusted_or_named() -> None:
    for words in (("--trust",), ("--storage", "evil:S")):
        path = over_a_stranger()
        assert lockstep("replay", path, *words).exit_code == AGREE
        assert "does not fail on batched on evil:S" in lockstep("explain", path, *words).stdout
        assert_one_line(lockstep("shrink", path, *words), USAGE, "does not fail on batched on evil")
        Path("PWNED").unlink()
        sys.modules.pop("evil")


@pytest.mark.parametrize("storage", ["memory", "rocksdb"])
def test_naming_a_store_of_ours_runs_nothing_of_the_file(storage: str) -> None:
    path = over_a_stranger(verdict="diverge")
    for command in ("replay", "explain"):
        assert lockstep(command, path, "--storage", storage).exit_code == AGREE
    shrunk = lockstep("shrink", path, "--storage", storage, "--executor", "canary")
    assert shrunk.exit_code == DIVERGENCE
    assert_nothing_was_run()


def test_a_finding_on_a_store_of_the_catalogue_is_brought_back_by_its_file_alone() -> None:
    store = "lockstep_mutants.stores:CacheSurvivesRewind"
    found = ("--storage", store, "--findings", "found", "--seed", "one", "--cases", 200)
    assert lockstep("fuzz", *found).exit_code == DIVERGENCE
    (path,) = Path("found").rglob("*.json")
    assert f"(batched on {store}, " in lockstep("replay", path).stdout
    assert lockstep("replay", path).exit_code == DIVERGENCE
    assert lockstep("replay", path, "--storage", "memory").exit_code == AGREE
    assert f"executor batched on {store}" in lockstep("explain", path).stdout
    assert lockstep("shrink", path, "--into", "smaller").exit_code == DIVERGENCE


@pytest.mark.parametrize(
    "arguments", [("devnet", "--seed", "s"), ("vectors", "cases"), ("bench",)], ids=" ".join
)
def test_a_command_that_tests_no_store_takes_none(arguments: tuple[str, ...]) -> None:
    assert_one_line(lockstep(*arguments, "--storage", "evil:S"), USAGE, "evil:S")
    assert_nothing_was_run()


@pytest.mark.parametrize(
    "arguments",
    [
        ("corpus", "cover", "cases", "--executor", "batched"),
        ("corpus", "distill", "cases", "--executor", "batched"),
        ("corpus", "grow", "--into", "cases", "--seed", "s", "--cases", "3"),
        ("devnet", "--chain", "cases/chain.json", "--storage", "memory", "--seed", "s"),
    ],
    ids=" ".join,
)
def test_a_command_that_takes_the_case_alone_runs_nothing_that_the_file_names(
    arguments: tuple[str, ...],
) -> None:
    for path in (*map(stranger, ASKS), over_a_stranger()):
        path.rename("cases/chain.json")
        result = lockstep(*arguments)
        assert result.exit_code == AGREE, result.output
    assert_nothing_was_run()


def test_seeds_of_a_campaign_run_nothing_that_they_name() -> None:
    for executor in ASKS:
        stranger(executor)
    over_a_stranger()
    assert fuzz("--seeds", "cases", "--findings", "found").exit_code == AGREE
    assert_nothing_was_run()


@pytest.mark.parametrize("executor", ASKS)
def test_checking_a_certificate_shows_what_it_asks_for_and_runs_nothing(executor: str) -> None:
    lockstep("explore", "--transactions", 1, "--accounts", 2, "--certificate", "c.json")
    whole = json.loads(Path("c.json").read_text())
    whole["asked"]["executor"] = executor
    Path("c.json").write_text(json.dumps(whole))
    assert_one_line(lockstep("explore", "--check", "c.json"), USAGE, "c.json", executor, "--trust")
    assert_nothing_was_run()
    # Not even an unfinished one that an exploration would go on from.
    whole["found"]["next"] = 0
    Path("c.json").write_text(json.dumps(whole))
    given = ("--transactions", 1, "--accounts", 2, "--certificate", "c.json")
    assert_one_line(lockstep("explore", *given), USAGE, "unfinished answer to another question")
    assert_nothing_was_run()


def test_a_trusted_certificate_is_checked_on_what_it_names() -> None:
    given = ("--transactions", 1, "--accounts", 2, "--certificate", "c.json")
    assert lockstep("explore", *given, "--executor", "evil:X").exit_code == GATE
    Path("PWNED").unlink()
    sys.modules.pop("evil", None)
    assert lockstep("explore", "--check", "c.json", "--trust").exit_code == AGREE
    assert Path("PWNED").exists()
    assert load(Path("c.json")).asked.executor == "evil:X"


def test_trust_is_for_files() -> None:
    assert_one_line(lockstep("explore", "--trust"), USAGE, "--check")


# The folder that one is in.


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("executor", ["batched", "lockstep_mutants.races:DestinationsMissing"])
def test_packages_named_as_ours_in_the_current_folder_are_not_imported(
    executor: str, isolated: bool, folder: Path
) -> None:
    for package in ("lockstep", "lockstep_mutants", "lockstep_parallel", "msgspec"):
        Path(package).mkdir()
        Path(package, "__init__.py").write_text(EVIL)
        Path(package, "races.py").write_text(EVIL)
    asking = record(setting=Setting(executor, isolated=isolated), verdict="diverge")
    path = save(asking, Path("cases"))
    ended = subprocess.run(  # noqa: S603 - this checkout's own program
        [str(Path(sys.executable).with_name("lockstep")), "replay", str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
        env=os.environ,
    )
    assert_nothing_was_run()
    assert ended.returncode in (AGREE, DIVERGENCE), ended.stderr
    assert "the recorded failure did not come back" in ended.stdout
