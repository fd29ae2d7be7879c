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
    "empty": (b"", "not JSON: Expecting value: line 1 column 1"),
    "truncated": (GOOD[:-40], "not JSON: "),
    "not JSON": (b"hello", "not JSON: Expecting value: line 1 column 1"),
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


def test_bad_files_among_many_are_named_and_counted_and_the_others_are_run(
    case_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "package.json").write_text('{"name": "something else"}')
    (tmp_path / "zzz.json").write_bytes(b"")
    result = lockstep("replay", tmp_path)
    assert result.exit_code == USAGE
    first, second = result.stderr.splitlines()
    assert first.startswith(f"lockstep: {tmp_path}/package.json: not a case file")
    assert second.startswith(f"lockstep: {tmp_path}/zzz.json: not JSON")
    assert f"agree {case_file} " in result.stdout
    assert result.stdout.endswith(
        "1 cases, 2 runs: 2 agree, 0 do not, 0 with reference drift, 2 files refused\n"
    )
