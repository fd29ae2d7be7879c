"""Every vector and regression, read in every access mode on RocksDB."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.case.file import Setting, load
from lockstep.findings.replay import replay
from lockstep.run.stores import RocksStores
from lockstep.verdict import Verdict
from lockstep_ledger.storage.access import ACCESS_MODES
from lockstep_ledger.storage.rocksdb import Database
from tests.corpora.test_corpora import CORPORA, each_case


@pytest.mark.parametrize("mode", ACCESS_MODES)
@each_case
def test_a_case_agrees_in_every_access_mode(path: Path, mode: str, database: Database) -> None:
    record = load(path)
    setting = replace(record.setting or Setting(), access=mode)
    replayed = replay(record, RocksStores(database), setting)
    assert replayed.run.verdict is Verdict.AGREE, (
        path.relative_to(CORPORA),
        *replayed.run.differences,
    )
    assert replayed.drift == ()
