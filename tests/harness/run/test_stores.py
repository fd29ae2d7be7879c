"""Where the stores of cases come from, and what is said where there is no database."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lockstep.cli.main import main


def fuzz_without_rocksdb(monkeypatch: pytest.MonkeyPatch, storage: str, findings: Path) -> Result:
    monkeypatch.delitem(sys.modules, "lockstep_ledger.storage.rocksdb", raising=False)
    for name in (
        "rocksdict",
        "lockstep_ledger.storage.engine",
        "lockstep_ledger.storage.namespace",
    ):
        monkeypatch.setitem(sys.modules, name, None)
    arguments = ("fuzz", "--cases", "5", "--seed", "s", "--findings", str(findings))
    return CliRunner().invoke(main, [*arguments, "--storage", storage])


def test_without_the_binding_a_campaign_in_memory_agrees(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = fuzz_without_rocksdb(monkeypatch, "memory", tmp_path)
    assert result.exit_code == 0, result.output
    assert "agree" in result.output


def test_without_the_binding_a_campaign_on_rocksdb_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = fuzz_without_rocksdb(monkeypatch, "rocksdb", tmp_path)
    assert result.exit_code == 2
    assert "no RocksDB here, use --storage memory" in result.output
