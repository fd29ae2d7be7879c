"""Every command that takes an executor refuses one it cannot use in the same words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.cli.command_line import TARGETS, USAGE, assert_one_line, fuzz, lockstep

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
    result = fuzz("--findings", findings, "--executor", name)
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
