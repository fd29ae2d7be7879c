"""`lockstep replay`: what it exits with, and the files it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.case.file import FORMAT, to_bytes
from tests.harness.cli.command_line import (
    AGREE,
    DIVERGENCE,
    FAULT,
    ROOT,
    TARGETS,
    USAGE,
    assert_one_line,
    fuzz,
    lockstep,
)
from tests.harness.small import record

VECTORS = ROOT / "corpora" / "vectors"


@pytest.mark.parametrize("storage", ["memory", "rocksdb"])
def test_replay_of_the_hand_written_vectors_exits_0(storage: str) -> None:
    result = lockstep("replay", "--quiet", "--storage", storage, VECTORS)
    assert result.exit_code == AGREE
    assert result.stdout.count("\n") == 1
    assert " 0 do not, 0 with reference drift" in result.stdout


def test_replay_reproduces_every_finding(findings: Path) -> None:
    fuzz("--findings", findings, "--executor", "canary")
    paths = list(findings.rglob("*.json"))
    assert paths
    for path in paths:
        result = lockstep("replay", path)
        assert result.exit_code == DIVERGENCE
        assert result.stdout.startswith(f"diverge {path} (canary")


def test_replay_of_a_finding_on_a_correct_executor_exits_0(findings: Path) -> None:
    fuzz("--findings", findings, "--executor", "canary")
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


# Files.

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
