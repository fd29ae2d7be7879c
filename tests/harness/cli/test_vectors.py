"""`lockstep vectors`: what it exits with, and the folders it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep_ledger.outcome import Code
from tests.harness.cli.command_line import AGREE, DIVERGENCE, GATE, USAGE, assert_one_line, lockstep
from tests.harness.cli.vector_files import publish


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


def test_a_file_that_cannot_be_used_is_named_and_the_other_vectors_are_run(
    published: Path,
) -> None:
    (published / "bad.json").write_text('{"test_vectors": [], "test_vectors": []}')
    (published / "list.json").write_text('{"test_vectors": 1}')
    result = lockstep("vectors", published)
    assert result.exit_code == USAGE
    assert "1 passed, 0 failed" in result.stdout
    assert "files refused: 2" in result.stdout
    first, second = result.stderr.splitlines()
    assert first == f"lockstep: {published}/bad.json: 'test_vectors' is given twice, at $"
    assert second == "lockstep: list.json: test_vectors is not a list"


def test_a_file_that_cannot_be_used_outweighs_a_vector_that_failed(tmp_path: Path) -> None:
    folder = publish(tmp_path / "wrong", error_code=Code.OVERFLOW)
    (folder / "bad.json").touch()
    assert lockstep("vectors", folder).exit_code == USAGE
