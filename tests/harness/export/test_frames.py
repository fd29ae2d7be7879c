"""A finding leaves the tool as the bytes of its conversation, which a script sends again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lockstep.case.file import Record, Setting, save
from lockstep.case.manner import Manner
from lockstep.case.reproduction import Reproduction
from lockstep.cli.main import main
from lockstep.export.frames import payloads
from lockstep.export.script import script
from lockstep.targets.program.frames import packed
from tests.harness.small import block, case_of, pays
from tests.repository import REPOSITORY

MISBEHAVING = REPOSITORY / "tests/harness/targets/program/misbehaving.py"
CASE = case_of(block(pays("t0", 0)))


def program(*words: str) -> str:
    return f"cmd:{sys.executable} -IS {MISBEHAVING} {' '.join(words)}"


def finding(folder: Path, verdict: str, executor: str) -> Path:
    """Return the file of a failure of CASE."""
    reproduction = Reproduction(30, 30, Manner())
    kept = Record(
        CASE,
        {"kind": "test"},
        setting=Setting(executor),
        verdict=verdict,
        reproduction=reproduction,
    )
    return save(kept, folder)


def export(*words: str) -> Result:
    return CliRunner().invoke(main, ["export", *words])


def exported(tmp_path: Path, verdict: str, *fault: str) -> tuple[Result, Path]:
    path = finding(tmp_path, verdict, program(*fault))
    frames = tmp_path / "frames"
    return export(str(path), "--frames", str(frames), "--trust"), frames


def test_the_bytes_are_those_of_the_failure_and_the_script_brings_them_back(
    tmp_path: Path,
) -> None:
    result, frames = exported(tmp_path, "diverge", "right")
    assert result.exit_code == 1, result.output
    sent = [json.loads(each)["type"] for each in payloads((frames / "in.bin").read_bytes())]
    assert sent == ["hello", "load_state", "execute_block"]
    again = subprocess.run([frames / "run.sh"], check=False)  # noqa: S603 - our own script
    assert again.returncode == 0
    assert (frames / "again.bin").read_bytes() == (frames / "out.bin").read_bytes()


def test_the_script_puts_another_program_before_this_one(tmp_path: Path) -> None:
    _, frames = exported(tmp_path, "diverge", "right")
    subprocess.run([frames / "run.sh", "env", "-i"], check=True)  # noqa: S603 - our own script
    assert (frames / "again.bin").read_bytes() == (frames / "out.bin").read_bytes()


@pytest.mark.parametrize(("debugger", "words"), [("gdb", "--args"), ("lldb", "process launch")])
def test_a_debugger_is_told_where_the_bytes_are(tmp_path: Path, debugger: str, words: str) -> None:
    """A debugger reads its own standard input, so the program's is given to it by name."""
    _, frames = exported(tmp_path, "diverge", "right")
    stub = tmp_path / debugger
    stub.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stub.chmod(0o755)
    told = subprocess.run(  # noqa: S603 - our own script
        [frames / "run.sh", str(stub)], check=True, capture_output=True, text=True
    ).stdout
    assert words in told
    assert str(frames / "in.bin") in told
    assert str(MISBEHAVING) in told


def test_what_a_program_said_before_it_died_is_kept_to_the_byte(tmp_path: Path) -> None:
    result, frames = exported(tmp_path, "protocol_error", "truncated")
    assert result.exit_code == 3, result.output
    came = (frames / "out.bin").read_bytes()
    whole = list(payloads(came))
    assert [json.loads(each)["type"] for each in whole] == ["hello", "load_state"]
    assert len(came) > sum(len(packed(each)) for each in whole) + 100


def test_the_block_stands_beside_them_as_json(tmp_path: Path) -> None:
    _, frames = exported(tmp_path, "diverge", "right")
    told = json.loads((frames / "block.json").read_bytes())
    assert told["verdict"] == "diverge"
    assert told["differences"]
    assert told["request"]["block"]["transactions"][0]["kind"] == "transfers"
    assert told["answer"]["outcome"]["receipts"] == []
    assert told["expected"]["receipts"][0]["code"] == "SUCCESS"
    assert told["state"]["chain_id"] == 3
    lines = (frames / "messages.jsonl").read_text().splitlines()
    assert [json.loads(each)["request"]["type"] for each in lines][-1] == "execute_block"


def test_a_failure_that_does_not_come_back_is_told(tmp_path: Path) -> None:
    path = finding(tmp_path, "hang", program("right"))
    result = export(str(path), "--frames", str(tmp_path / "frames"), "--trust")
    assert "not the failure on file: the run ended with diverge" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "export FINDING --frames DIR"),
        (("some.json",), "export FINDING --frames DIR"),
        (("--frames", "some"), "export FINDING --frames DIR"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(words: tuple[str, ...], message: str) -> None:
    result = export(*words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_file_has_its_program_run_only_if_it_is_trusted(tmp_path: Path) -> None:
    path = finding(tmp_path, "diverge", program("right"))
    result = export(str(path), "--frames", str(tmp_path / "frames"))
    assert result.exit_code == 2
    assert "--trust" in result.stderr
    assert not (tmp_path / "frames").exists()


def test_a_finding_of_an_executor_inside_has_no_frames(tmp_path: Path) -> None:
    path = finding(tmp_path, "diverge", "canary")
    result = export(str(path), "--frames", str(tmp_path / "frames"))
    assert result.exit_code == 2
    assert "is no program" in result.stderr


def test_a_script_quotes_what_a_shell_would_read() -> None:
    text = script(("my prog", "$(boom)"), Path("/some where"))
    assert "'my prog' '$(boom)'" in text
    assert "cd '/some where'" in text
