"""Opens a store for every case: in memory, or as a namespace of one long-lived RocksDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lockstep.faults import HarnessFault, UsageError
from lockstep.run.temporary import temporary_directory
from lockstep_ledger.model import State
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import OwnedStorage, StorageError

if TYPE_CHECKING:
    from lockstep_ledger.storage.rocksdb import Database

BACK_ENDS = ("memory", "rocksdb")


class Stores(Protocol):
    """Where the stores of cases come from."""

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        """Give a store that holds ``state`` at topoheight 0, gone afterwards."""
        ...


class MemoryStores:
    """Every case gets a store in memory."""

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        """Give a store that holds ``state``."""
        yield MemoryStorage(state)


class RocksStores:
    """Every case gets a namespace of ``database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        """Give a store that holds ``state``."""
        storage = self._database.new_namespace(state)
        try:
            yield storage
        finally:
            storage.drop()


@contextmanager
def open_stores(back_end: str, path: Path | None = None) -> Iterator[Stores]:
    """Open the back end; a RocksDB without ``path`` lives in a temporary directory.

    Raises ``UsageError`` for an unknown back end, ``HarnessFault`` when storage fails.
    """
    if back_end not in BACK_ENDS:
        raise UsageError(f"unknown storage {back_end!r}: known are {', '.join(BACK_ENDS)}")
    if back_end == "memory" and path is not None:
        raise UsageError("a database directory is for --storage rocksdb, not for memory")
    try:
        if back_end == "memory":
            yield MemoryStores()
        else:
            with _open_database(path) as database:
                yield RocksStores(database)
    except StorageError as error:
        raise HarnessFault(f"storage: {error}") from error


@contextmanager
def _open_database(path: Path | None) -> Iterator[Database]:
    try:
        # Not every interpreter has the binding: without it everything else works, in memory.
        from lockstep_ledger.storage.rocksdb import Database
    except ImportError as error:
        raise UsageError(f"no RocksDB here, use --storage memory: {error}") from error
    with ExitStack() as stack:
        if path is None:
            path = stack.enter_context(temporary_directory())
        yield stack.enter_context(Database(path))
