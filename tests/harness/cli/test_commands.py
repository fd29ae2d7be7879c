"""The command line: what each command exits with, and one clear line for everything amiss."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result

from lockstep.campaign import controls, worker
from lockstep.case.file import FORMAT, Setting, load, save, to_bytes
from lockstep.case.values import Case
from lockstep.cli.main import main
from lockstep_ledger.outcome import Code
from lockstep_ledger.storage.rocksdb import Database
from tests.harness.small import payment, record
from tests.repository import REPOSITORY

ROOT = REPOSITORY
VECTORS = ROOT / "corpora" / "vectors"
AGREE, DIVERGENCE, USAGE, FAULT, GATE = range(5)
TARGETS = "tests.harness.faulty_executors"
PROGRAM = [
    sys.executable,
    "-c",
    "from lockstep.cli import console, main; console.QUIET_SECONDS = 0; main.main()",
]
"""The command line, with a line of progress after every chunk."""
QUICK = ("--cases", "20", "--seed", "one", "--storage", "memory")


def lockstep(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def findings(tmp_path: Path) -> Path:
    return tmp_path / "findings"


@pytest.fixture
def case_file(tmp_path: Path) -> Path:
    return save(record(), tmp_path)


def fuzz(findings: Path, *arguments: object) -> Result:
    return lockstep("fuzz", *QUICK, "--findings", findings, *arguments)


def assert_one_line(result: Result, code: int, *words: str) -> None:
    """Check that the command ended with one line on standard error that has all ``words``."""
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit)
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("lockstep: ")
    for word in words:
        assert word in lines[0]


# Exit codes.


def test_fuzz_of_a_correct_executor_exits_0(findings: Path) -> None:
    result = fuzz(findings)
    assert result.exit_code == AGREE
    assert "verdict agree" in result.stdout
    assert not findings.exists()


def test_fuzz_of_a_diverging_executor_exits_1_and_says_how_to_replay(findings: Path) -> None:
    result = fuzz(findings, "--executor", "canary")
    assert result.exit_code == DIVERGENCE
    for path in findings.rglob("*.json"):
        assert f"replay: lockstep replay {path}" in result.stdout


@pytest.mark.parametrize("name", ["Crashing", "CrashingTask", "Waiting", "Silent"])
def test_fuzz_of_a_broken_executor_exits_3(findings: Path, name: str) -> None:
    result = fuzz(findings, "--executor", f"{TARGETS}:{name}")
    assert result.exit_code == FAULT
    assert list(findings.rglob("*.json"))


def test_fuzz_exits_4_when_a_health_gate_fails(
    findings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tame(_seed: str, _number: int, _scheme: str) -> Case:
        return payment()

    monkeypatch.setattr(worker, "case_at", tame)
    result = fuzz(findings, "--cases", 600)
    assert result.exit_code == GATE
    assert "health gate failed: conflict density" in result.stdout


def test_fuzz_exits_4_when_the_canary_is_not_caught(
    findings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "CANARIES", {"the canary": Setting("batched")})
    result = fuzz(findings)
    assert result.exit_code == GATE
    assert "health gate failed: the canary was not caught" in result.stdout


def test_fuzz_runs_every_executor_it_is_given(findings: Path) -> None:
    result = fuzz(findings, "--executor", "batched", "--executor", f"{TARGETS}:OneFeeTooMany")
    assert result.exit_code == DIVERGENCE
    assert {load(path).setting for path in findings.rglob("*.json")} == {
        Setting(f"{TARGETS}:OneFeeTooMany")
    }


@pytest.mark.parametrize("storage", ["memory", "rocksdb"])
def test_replay_of_the_hand_written_vectors_exits_0(storage: str) -> None:
    result = lockstep("replay", "--quiet", "--storage", storage, VECTORS)
    assert result.exit_code == AGREE
    assert result.stdout.count("\n") == 1
    assert " 0 do not, 0 with reference drift" in result.stdout


def test_replay_reproduces_every_finding(findings: Path) -> None:
    fuzz(findings, "--executor", "canary")
    paths = list(findings.rglob("*.json"))
    assert paths
    for path in paths:
        result = lockstep("replay", path)
        assert result.exit_code == DIVERGENCE
        assert result.stdout.startswith(f"diverge {path} (canary")


def test_replay_of_a_finding_on_a_correct_executor_exits_0(findings: Path) -> None:
    fuzz(findings, "--executor", "canary")
    assert lockstep("replay", findings, "--executor", "batched").exit_code == AGREE


def test_replay_on_a_crashing_executor_exits_3(case_file: Path) -> None:
    result = lockstep("replay", case_file, "--executor", f"{TARGETS}:Crashing")
    assert result.exit_code == FAULT
    assert "crash" in result.stdout


def test_replay_exits_3_when_the_reference_no_longer_gives_what_the_file_expects(
    tmp_path: Path,
) -> None:
    path = tmp_path / "drifted.json"
    text = (VECTORS / "effects-nonce-bump.json").read_text()
    path.write_text(text.replace('"gas": "15000"', '"gas": "15001"', 1))
    result = lockstep("replay", path)
    assert result.exit_code == FAULT
    assert f"REFERENCE DRIFT {path}" in result.stdout


# Usage.

BAD_EXECUTORS = {
    "unknown": ("btached", "unknown executor 'btached'"),
    "no such module": ("tests.no_such_module:X", "cannot import tests.no_such_module"),
    "no such class": (f"{TARGETS}:Nobody", "has no class Nobody"),
    "cannot be built": (f"{TARGETS}:Unbuildable", "ValueError: no 4 workers for "),
    "no executor": (f"{TARGETS}:Empty", "has no method execute"),
}
each_bad_executor = pytest.mark.parametrize(
    ("name", "words"), BAD_EXECUTORS.values(), ids=BAD_EXECUTORS
)


@each_bad_executor
def test_fuzz_refuses_an_executor_it_cannot_use(findings: Path, name: str, words: str) -> None:
    result = fuzz(findings, "--executor", name)
    assert result.exit_code == USAGE
    assert_one_line(result, USAGE, words)


@each_bad_executor
def test_replay_refuses_an_executor_it_cannot_use(case_file: Path, name: str, words: str) -> None:
    assert_one_line(lockstep("replay", case_file, "--executor", name), USAGE, words)


@each_bad_executor
def test_vectors_refuses_an_executor_it_cannot_use(published: Path, name: str, words: str) -> None:
    assert_one_line(lockstep("vectors", published, "--executor", name), USAGE, words)


@pytest.mark.parametrize(
    ("text", "error"), [("1 / 0", "ZeroDivisionError"), ("raise SystemExit(0)", "SystemExit")]
)
def test_a_module_that_raises_while_it_is_imported_is_one_line(
    text: str, error: str, case_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"raises_{error}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    result = lockstep("replay", case_file, "--executor", f"raises_{error}:Any")
    assert_one_line(result, USAGE, f"cannot import raises_{error}", error)


@pytest.mark.parametrize("text", ["", "0", "-1", "-1s", "soon", "5d", "h", "nan", "inf", "1e999h"])
def test_a_bad_duration_is_refused_by_name(findings: Path, text: str) -> None:
    result = fuzz(findings, f"--time={text}")
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
    result = fuzz(findings, *arguments)
    assert result.exit_code == USAGE
    assert arguments[0] in result.stderr


# Case files.

GOOD = to_bytes(record())
BAD_FILES = {
    "empty": (b"", "truncated"),
    "truncated": (GOOD[:-40], "truncated"),
    "not JSON": (b"hello", "malformed"),
    "no format": (b"{}", "no format version"),
    "newer": (GOOD.replace(b'"format": 1', b'"format": %d' % (FORMAT + 1)), "newer"),
    "signer id above u8": (
        GOOD.replace(b'"id": "t0"', b'"id": "t0", "cosigners": [{"id": 300, "signer": "bob"}]'),
        "signer_id is 300",
    ),
}


@pytest.mark.parametrize(("data", "words"), BAD_FILES.values(), ids=BAD_FILES)
def test_replay_refuses_a_bad_case_file(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    assert data != GOOD
    assert_one_line(lockstep("replay", path), USAGE, str(path), words)


def test_replay_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "absent.json"
    assert_one_line(lockstep("replay", path), USAGE, str(path), "no such file")


def test_replay_refuses_a_folder_without_cases(tmp_path: Path) -> None:
    assert_one_line(lockstep("replay", tmp_path), USAGE, str(tmp_path), "no case files")


def test_replay_refuses_a_content_name_that_does_not_match(case_file: Path) -> None:
    case_file.write_bytes(case_file.read_bytes() + b"\n")
    assert_one_line(lockstep("replay", case_file), USAGE, str(case_file), "does not match the hash")


def test_one_bad_file_among_many_is_refused_before_any_is_run(
    case_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "zzz.json").write_bytes(b"")
    result = lockstep("replay", case_file, tmp_path)
    assert_one_line(result, USAGE, "zzz.json")
    assert result.stdout == ""


# Published vectors.


def publish(folder: Path, kind: str = "tx", error_code: int = Code.INVALID_FORMAT) -> Path:
    """Write one vector, whose transaction is a byte that cannot be decoded."""
    chain = {"total_supply": 0, "total_burned": 0, "block_height": 0, "timestamp": 0}
    vector = {
        "name": "made",
        "pre_state": {"network_chain_id": 3, "global_state": chain, "accounts": []},
        "input": {"kind": kind, "wire_hex": "00", "tx": None},
        "expected": {"success": False, "error_code": error_code, "state_digest": ""},
    }
    folder.mkdir()
    (folder / "made.json").write_text(json.dumps({"test_vectors": [vector]}))
    return folder


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return publish(tmp_path / "published")


def test_vectors_that_pass_exit_0(published: Path) -> None:
    result = lockstep("vectors", published)
    assert result.exit_code == AGREE
    assert "1 passed, 0 failed" in result.stdout


def test_vectors_that_fail_exit_1(tmp_path: Path) -> None:
    result = lockstep("vectors", publish(tmp_path / "wrong", error_code=Code.OVERFLOW))
    assert result.exit_code == DIVERGENCE
    assert "FAIL made.json made" in result.stdout


def test_vectors_of_which_none_is_in_scope_exit_4(tmp_path: Path) -> None:
    result = lockstep("vectors", publish(tmp_path / "other", kind="rpc"))
    assert_one_line(result, GATE, "no vector was in scope")


@pytest.mark.parametrize("content", [None, "{"], ids=["nothing", "no JSON"])
def test_vectors_refuses_what_holds_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "bad.json").write_text(content)
    assert_one_line(lockstep("vectors", tmp_path), USAGE, str(tmp_path))


# Databases.


def replay_in(database: Path, case_file: Path) -> Result:
    return lockstep("replay", case_file, "--storage", "rocksdb", "--database", database)


def corrupt(path: Path) -> None:
    """Make ``path`` a database whose CURRENT file was cut off."""
    Database(path).close()
    (path / "CURRENT").write_bytes(b"MANIF")


def test_a_database_is_made_where_there_is_none(case_file: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert replay_in(tmp_path / "new", case_file).exit_code == AGREE


def test_a_database_that_is_a_file_is_one_line(case_file: Path, findings: Path) -> None:
    assert_one_line(replay_in(case_file, case_file), FAULT, str(case_file), "not a directory")
    result = fuzz(findings, "--storage", "rocksdb", "--database", case_file)
    assert_one_line(result, FAULT, str(case_file))


def test_a_corrupt_database_is_one_line(case_file: Path, findings: Path, tmp_path: Path) -> None:
    corrupt(tmp_path / "cut")
    assert_one_line(replay_in(tmp_path / "cut", case_file), FAULT, str(tmp_path / "cut"), "orrupt")
    corrupt(tmp_path / "cut" / "main")
    result = fuzz(findings, "--storage", "rocksdb", "--database", tmp_path / "cut")
    assert_one_line(result, FAULT, str(tmp_path / "cut" / "main"), "orrupt")


def test_a_folder_that_is_no_database_is_one_line(case_file: Path, tmp_path: Path) -> None:
    assert_one_line(replay_in(tmp_path, case_file), FAULT, str(tmp_path), "not a database")


def test_a_database_that_is_open_already_is_one_line(case_file: Path, tmp_path: Path) -> None:
    with Database(tmp_path / "held"):
        result = replay_in(tmp_path / "held", case_file)
    assert_one_line(result, FAULT, "locked: this process has it open already")


def test_a_database_that_another_process_holds_is_one_line(tmp_path: Path, findings: Path) -> None:
    with Database(tmp_path / "main"):
        arguments = ("fuzz", "--cases", "1", "--database", tmp_path, "--findings", findings)
        ended = subprocess.run(  # noqa: S603 - this checkout's own program
            [*PROGRAM, *map(str, arguments)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == FAULT
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"lockstep: storage: {tmp_path / 'main'}: locked: another process")


def test_a_disk_without_room_for_a_database_is_one_line(
    case_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: str) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    result = lockstep("replay", case_file, "--storage", "rocksdb")
    assert_one_line(result, FAULT, "No space left on device")


# Ctrl-C.


@contextmanager
def fuzzing(findings: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a campaign that would go on for an hour."""
    command = [*PROGRAM, "fuzz", "--time", "1h", "--seed", "one", "--storage", "memory"]
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
