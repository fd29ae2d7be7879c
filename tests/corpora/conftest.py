"""Where the corpora's cases are run: in memory, and in one RocksDB for the whole test run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lockstep.run.stores import BACK_ENDS, MemoryStores, RocksStores, Stores
from lockstep_ledger.storage.rocksdb import Database


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database(tmp_path_factory.mktemp("corpora")) as database:
        yield database


@pytest.fixture(params=BACK_ENDS)
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        return MemoryStores()
    return RocksStores(request.getfixturevalue("database"))
