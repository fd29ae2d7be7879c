"""Where the stores of cases come from, and what is said where there is no database."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lockstep.cli.main import main
from lockstep.faults import HarnessFault
from lockstep.run.stores import RocksStores, open_stores
from lockstep.verdict import Verdict
from lockstep_parallel.executors.batched import Batched
from tests.harness.faulty_executors import PassesErrorsOver
from tests.harness.small import run_on


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


class FailingDisk:
    """Stands before RocksDB; everything from the ``number``-th use on fails."""

    def __init__(self, rdict: Any, number: int) -> None:
        self._rdict = rdict
        self._left = number

    def __getattr__(self, name: str) -> Any:
        if name != "close":
            self._left -= 1
            if self._left <= 0:
                raise OSError("IO error: the disk is gone")
        return getattr(self._rdict, name)


@pytest.mark.parametrize("executor", [Batched, PassesErrorsOver])
def test_a_disk_that_fails_is_never_the_executors_failure(executor: type[Batched]) -> None:
    faults = []
    for number in count(1):
        with open_stores("rocksdb") as stores:
            assert isinstance(stores, RocksStores)
            engine = stores._database._engine
            disk = FailingDisk(engine._rdict, number)
            engine._rdict = disk  # type: ignore[assignment]
            try:
                run = run_on(executor, stores=stores)
            except HarnessFault as fault:
                faults.append(str(fault))
            else:
                assert run.verdict is Verdict.AGREE
                assert disk._left > 0
                break
    assert len(faults) > 8
    assert all(each.startswith("storage: ") for each in faults)
    assert all(each.endswith(": IO error: the disk is gone") for each in faults)
