"""Opens a store for every case: in memory, or as a namespace of one long-lived RocksDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lockstep.faults import HarnessFault, UsageError
from lockstep.run.temporary import temporary_directory
from lockstep.run.under_test import StoresUnderTest
from lockstep_ledger.model import State
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import OwnedStorage, StorageError

if TYPE_CHECKING:
    from lockstep_ledger.storage.rocksdb import Database

BACK_ENDS = ("memory", "rocksdb")


class Stores(Protocol):
    """Where the stores of cases come from; ``under_test`` if what they do may be wrong."""

    @property
    def under_test(self) -> bool:
        """Tell whether the stores are judged, too."""
        ...

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        """Give a store that holds ``state`` at topoheight 0, gone afterwards.

        Raises ``HarnessFault`` when storage fails in here, also where it is passed over.
        """
        ...


class MemoryStores:
    """Every case gets a store in memory."""

    under_test = False

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        """Give a store that holds ``state``."""
        with _no_verdict():
            yield MemoryStorage(state)


class RocksStores:
    """Every case gets a namespace of ``database``."""

    under_test = False

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        """Give a store that holds ``state``."""
        with _no_verdict():
            storage = self._database.new_namespace(state)
            try:
                yield storage
            except BaseException as error:
                with suppress(StorageError):
                    storage.drop()
                if isinstance(error, Exception):
                    # Whoever met the failure of the disk may have called it something else.
                    self._require_disk()
                raise
            self._require_disk()
            storage.drop()

    def _require_disk(self) -> None:
        if self._database.failure is not None:
            raise self._database.failure


@contextmanager
def _no_verdict() -> Iterator[None]:
    """Make an error of storage what it is: a fault of the harness, nobody's failure."""
    try:
        yield
    except StorageError as error:
        raise HarnessFault(f"storage: {error}") from error


@contextmanager
def open_stores(back_end: str, path: Path | None = None) -> Iterator[Stores]:
    """Open the back end; a RocksDB without ``path`` lives in a temporary directory.

    ``module:Class`` is a store that is under test itself. Raises ``UsageError`` for an unknown back
    end, ``HarnessFault`` when storage fails that is not under test.
    """
    if back_end not in BACK_ENDS and ":" not in back_end:
        known = ", ".join(BACK_ENDS)
        raise UsageError(f"unknown storage {back_end!r}: known are {known}, and module:Class")
    if back_end != "rocksdb" and path is not None:
        raise UsageError(f"a database directory is for --storage rocksdb, not for {back_end}")
    if back_end not in BACK_ENDS:
        yield StoresUnderTest(back_end)
        return
    with _no_verdict():
        if back_end == "memory":
            yield MemoryStores()
        else:
            with _open_database(path) as database:
                yield RocksStores(database)


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
