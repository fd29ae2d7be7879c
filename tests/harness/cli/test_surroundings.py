"""What a program is started in is asked for, kept, and never a file's alone to say."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.campaign.worker import CHUNK
from lockstep.case.file import CaseFileError, Setting, from_bytes, load, save, to_bytes
from lockstep.case.surroundings import OURS, Surroundings
from lockstep.report.differences import replay_command
from lockstep.targets.trust import OURS_ALONE, Trust, setting_in
from tests.harness.cli.command_line import (
    AGREE,
    DIVERGENCE,
    FAULT,
    USAGE,
    assert_one_line,
    fuzz,
    lockstep,
)
from tests.harness.small import record

BEHIND = Surroundings((("EXECUTOR", "canary"), ("PYTHONUNBUFFERED", "1")), "elsewhere")
SCRIPT = """
import os, sys
if not os.path.exists("here"):
    sys.exit("not started in the folder")
name = os.environ["EXECUTOR"]
words = ["-m", "lockstep", "serve", "--stdio", "--executor", name]
os.execv(sys.executable, [sys.executable, *words])
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a program that needs a variable and another folder."""
    monkeypatch.chdir(tmp_path)
    Path("elsewhere").mkdir()
    Path("elsewhere/here").write_text("")
    Path("program").write_text(f"#!{sys.executable}{SCRIPT}")
    Path("program").chmod(0o755)
    return tmp_path


PROGRAM = "cmd:./program"
IN = ("--cwd", "elsewhere", "--env")


def test_a_program_is_started_with_the_variables_and_in_the_folder_that_are_named() -> None:
    path = save(record(), Path("cases"))
    started = ("replay", path, "--executor", PROGRAM, *IN)
    assert lockstep(*started, "EXECUTOR=batched").exit_code == AGREE
    assert lockstep(*started, "EXECUTOR=canary").exit_code == DIVERGENCE
    nowhere = lockstep("replay", path, "--executor", PROGRAM, "--env", "EXECUTOR=batched")
    assert nowhere.exit_code == FAULT
    assert "not started in the folder" in nowhere.output


def test_a_finding_keeps_them_and_names_them_in_its_command() -> None:
    found = fuzz("--cases", 6, "--executor", PROGRAM, *IN, "EXECUTOR=canary")
    assert found.exit_code == DIVERGENCE, found.output
    assert "  EXECUTOR=canary; in elsewhere\n" in found.output
    [path] = Path("corpora/findings").rglob("*.json")
    setting = load(path).setting
    assert setting is not None
    assert setting.surroundings == Surroundings((("EXECUTOR", "canary"),), "elsewhere")
    command = f"lockstep replay {path} --executor {PROGRAM} --env EXECUTOR=canary --cwd elsewhere"
    assert f"  replay: {command}\n" in found.output
    assert lockstep(*command.split()[1:]).exit_code == DIVERGENCE
    assert lockstep("replay", path, "--trust").exit_code == DIVERGENCE
    assert lockstep("shrink", path, "--into", "smaller", "--trust").exit_code == DIVERGENCE


def test_the_checks_and_a_rehearsal_start_it_there_too() -> None:
    only = ("check-executor", PROGRAM, "--only", "payload transfers", *IN)
    assert lockstep(*only, "EXECUTOR=batched").exit_code == AGREE
    assert lockstep(*only, "EXECUTOR=canary").exit_code == DIVERGENCE
    chain = ("devnet", "--blocks", 6, "--seed", "x", "--storage", "memory", "--executor", PROGRAM)
    assert lockstep(*chain, *IN, "EXECUTOR=batched").exit_code == AGREE


@pytest.mark.parametrize("isolated", [False, True])
def test_a_file_alone_has_nothing_started_in_what_it_names(isolated: bool) -> None:
    """Not even an executor of ours: a variable can have a process run anything."""
    setting = Setting("batched", isolated=isolated, surroundings=BEHIND)
    path = save(record(setting=setting), Path("cases"))
    for command in ("replay", "shrink", "explain"):
        result = lockstep(command, path)
        assert_one_line(
            result, USAGE, "the variable EXECUTOR=canary", "folder elsewhere", "--trust"
        )


def test_naming_an_executor_names_all_that_it_is_started_in() -> None:
    asking = record(setting=Setting("cmd:evil", surroundings=BEHIND))
    path = Path("case.json")
    named = setting_in(asking, path, OURS_ALONE, PROGRAM)
    assert named.surroundings == OURS
    ours = Surroundings((("A", "1"),))
    assert setting_in(asking, path, OURS_ALONE, PROGRAM, surroundings=ours).surroundings == ours
    trusted = setting_in(asking, path, Trust(everything=True), PROGRAM, surroundings=ours)
    assert trusted.surroundings == Surroundings(ours.variables, "elsewhere")


def test_they_are_kept_in_a_file_and_leave_no_trace_where_there_are_none() -> None:
    plain = record(setting=Setting("dag"))
    behind = replace(plain, setting=Setting("dag", surroundings=BEHIND))
    assert from_bytes(to_bytes(behind)) == behind
    assert b"env" not in to_bytes(plain)
    assert b"cwd" not in to_bytes(plain)
    with pytest.raises(CaseFileError, match="no variable"):
        from_bytes(to_bytes(behind).replace(b'"EXECUTOR"', b'"EXEC=UTOR"'))
    assert "--env 'A=b c' --cwd /x" in replay_command(
        Path("f"), Setting("dag", surroundings=Surroundings((("A", "b c"),), "/x"))
    )


@pytest.mark.parametrize("wrong", ["A", "=b"])
def test_what_is_no_variable_is_refused(wrong: str) -> None:
    assert_one_line(fuzz("--env", wrong), USAGE, "--env")


def test_a_campaign_stops_after_so_many_kinds() -> None:
    found = fuzz("--cases", 2000, "--executor", "canary", "--stop-after", 1)
    assert found.exit_code == DIVERGENCE, found.output
    cases = re.search(r"cases +│ (\d+) in", found.output)
    kinds = re.search(r"kinds of failure +│ (\d+)", found.output)
    assert cases is not None
    assert kinds is not None
    assert int(cases[1]) == CHUNK
    assert int(kinds[1]) >= 1
