"""Opens a store for every case: in memory, or as a namespace of one long-lived RocksDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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


def parted(storage: str) -> tuple[str, str]:
    """Return the back end that a ``--storage`` means, and the store under test, if it names one.

    That is a ``module:Class``; whatever else there is to store is in memory then. Raises
    ``UsageError`` for what is neither.
    """
    if ":" in storage:
        return "memory", storage
    if storage not in BACK_ENDS:
        known = ", ".join(BACK_ENDS)
        raise UsageError(f"unknown storage {storage!r}: known are {known}, and module:Class")
    return storage, ""


class Stores(Protocol):
    """Where the stores of cases come from."""

    @property
    def deadline(self) -> float | None:
        """How many seconds a step may take if the stores are under test; None if they are ours."""
        ...

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        """Give a store that holds ``state`` at topoheight 0, gone afterwards.

        Raises ``HarnessFault`` when storage fails in here, also where it is passed over.
        """
        ...


class MemoryStores:
    """Every case gets a store in memory."""

    deadline: float | None = None

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        """Give a store that holds ``state``."""
        with _no_verdict():
            yield MemoryStorage(state)


class RocksStores:
    """Every case gets a namespace of ``database``."""

    deadline: float | None = None

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

    Raises ``UsageError`` for an unknown back end, ``HarnessFault`` when storage fails.
    """
    if parted(back_end)[1]:
        raise UsageError(f"no store of ours: {back_end!r}")
    if back_end != "rocksdb" and path is not None:
        raise UsageError("a database directory is for --storage rocksdb alone")
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
