"""The store on RocksDB: one long-lived database, in it one namespace of keys per store.

Invariant: everything an operation writes is one atomic batch, and caches learn of it only after it
was written (the commit point): a cache never holds anything but committed data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, TypeVar

from lockstep_ledger.model import State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.cache import MISSING, CommittedCache
from lockstep_ledger.storage.columns import ColumnReader, HistoryReader
from lockstep_ledger.storage.engine import Engine
from lockstep_ledger.storage.fetched import Fetched, Wanted
from lockstep_ledger.storage.layout import (
    ACCOUNT,
    BALANCE,
    ENERGY,
    FIRST_NAMESPACE,
    MULTISIG,
    NONCE,
    Column,
    decode_u64,
)
from lockstep_ledger.storage.merging import (
    check_merge,
    check_readable,
    check_rewind,
    check_topoheight,
)
from lockstep_ledger.storage.namespace import Namespace
from lockstep_ledger.storage.protocol import StorageError
from lockstep_ledger.storage.rows import change_rows, state_of

V = TypeVar("V")


class Database:
    """An open database directory; a context manager that closes it."""

    def __init__(self, path: str | Path, *, sync: bool = False, cache_capacity: int = 4096) -> None:
        """Open ``path``, creating it if it is not there.

        Writes go through the write-ahead log: they survive the end of the process, and with
        ``sync`` that of the machine. ``cache_capacity`` is the number of values each handle keeps.

        Raises ``StorageError`` if the path is locked, corrupt, no directory, of an unknown layout
        version or cannot be opened.
        """
        self._engine = Engine(Path(path), sync=sync)
        self._cache_capacity = cache_capacity
        self._lock = Lock()
        self._live: dict[int, Namespace] = {}
        last = self._engine.last_key()
        self._next = FIRST_NAMESPACE + (0 if last is None else decode_u64(last[:8]))

    def new_namespace(self, state: State, topoheight: int = 0) -> RocksStorage:
        """Return a new store that holds ``state`` as of ``topoheight``, written as one batch.

        Raises ``StorageError`` if it cannot be written.
        """
        check_topoheight(topoheight)
        with self._lock:
            number = self._next
            self._next += 1
        return self._handle(Namespace.create(self._engine, number, state, topoheight))

    def namespace(self, number: int) -> RocksStorage:
        """Return a handle on a namespace that was written before, perhaps by another process.

        Raises ``StorageError`` if there is none of that number.
        """
        with self._lock:
            namespace = self._live.get(number)
        return self._handle(namespace or Namespace.open(self._engine, number))

    @property
    def failure(self) -> StorageError | None:
        """The first error of the disk, whoever met it and whatever became of it."""
        return self._engine.failure

    def close(self) -> None:
        """Release the directory; every store in it raises ``ClosedError`` from now on.

        Closing twice is fine. Raises ``StorageError`` if an earlier write had failed and nobody was
        told; the directory is released all the same.
        """
        with self._lock:
            namespaces = list(self._live.values())
            self._live.clear()
        for namespace in namespaces:
            namespace.end("the database is closed")
        self._engine.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _handle(self, namespace: Namespace) -> RocksStorage:
        with self._lock:
            shared = self._live.setdefault(namespace.number, namespace)
        return RocksStorage(shared, self._cache_capacity, self._forget)

    def _forget(self, number: int) -> None:
        with self._lock:
            self._live.pop(number, None)


class RocksStorage(ColumnReader):
    """A ``Storage``: a handle on one namespace, with a cache of its own.

    Handles on one namespace see each other's commits, and committed data only: a handle whose
    cache is older than the namespace's last commit empties it before the next read. Reads in the
    middle of another thread's commit may see some keys before it and others after; whoever needs
    one moment reads ``at`` a topoheight or keeps merges out.

    ``before_write``, if set, is called with the name of the operation just before the batch is
    written; if it raises, nothing has changed.
    """

    __slots__ = ("_cache", "_capacity", "_forget", "_namespace", "before_write")

    def __init__(
        self, namespace: Namespace, cache_capacity: int, forget: Callable[[int], None]
    ) -> None:
        self._namespace = namespace
        self._capacity = cache_capacity
        self._forget = forget
        self._cache = CommittedCache(cache_capacity, namespace.generation)
        self.before_write: Callable[[str], None] | None = None

    @property
    def number(self) -> int:
        """The number under which ``Database.namespace`` finds this store again."""
        return self._namespace.number

    @property
    def topoheight(self) -> int:
        """The topoheight of the newest merge."""
        return self._namespace.newest

    def at(self, topoheight: int) -> HistoryReader:
        """Return a reader of the data as of ``topoheight``, which does not use the cache.

        Raises ``StorageError`` if that is below the topoheight the store began at.
        """
        self._namespace.require()
        check_readable(self._namespace.first, topoheight)
        return HistoryReader(self._namespace, topoheight)

    def clone(self) -> RocksStorage:
        """Return a second handle with an empty cache, which sees what was committed.

        It sees later commits too, once they are written, and never a merge in progress.
        """
        self._namespace.require()
        return RocksStorage(self._namespace, self._capacity, self._forget)

    def merge(self, changes: Changes, topoheight: int) -> None:
        """Write ``changes`` at ``topoheight``, which must be above the newest.

        Raises ``StorageError`` if they cannot be stored or written; the store and its cache are
        then as they were.
        """
        namespace = self._namespace
        with namespace.lock:
            namespace.require()
            committed = HistoryReader(namespace, namespace.newest)
            chain = check_merge(committed, namespace.newest, changes, topoheight)
            values: dict[bytes, Any] = {}
            encoded: dict[bytes, bytes] = {}
            for column, key, value in change_rows(changes, chain):
                name = column.code + key
                values[name] = value
                encoded[name] = column.encode(value)
            batch = namespace.merge_batch(encoded, topoheight)
            self._announce("merge")
            self._cache.commit(values, namespace.commit(batch, topoheight))

    def rewind(self, topoheight: int) -> None:
        """Drop every version above ``topoheight``; accounts created above it are gone.

        Raises ``StorageError`` if ``topoheight`` is above the newest or below the first, or the
        batch cannot be written; the store and its cache are then as they were.
        """
        namespace = self._namespace
        with namespace.lock:
            namespace.require()
            check_rewind(namespace.first, namespace.newest, topoheight)
            batch, names, newest = namespace.rewind_batch(topoheight)
            self._announce("rewind")
            self._cache.invalidate(names, namespace.commit(batch, newest))

    def drop(self) -> None:
        """Delete the namespace; every handle on it raises ``StorageError`` from now on."""
        namespace = self._namespace
        with namespace.lock:
            namespace.require()
            batch = namespace.drop_batch()
            self._announce("drop")
            namespace.commit(batch, namespace.newest)
        namespace.end("it was dropped")
        self._forget(namespace.number)

    def export(self) -> State:
        """Return the whole logical state, newest versions."""
        self._namespace.require()
        return state_of(self._namespace.values())

    def _read(self, column: Column[V], key: bytes) -> V:
        generation = self._present_generation()
        name = column.code + key
        cached: V = self._cache.get(name, generation)
        if cached is not MISSING:
            return cached
        encoded = self._namespace.value(name)
        value = column.absent if encoded is None else column.decode(encoded)
        self._cache.fill(name, value, generation)
        return value

    def fetch(self, wanted: Callable[[], Wanted]) -> Fetched:
        """Return all that is wanted: what the cache holds, and the rest by one multi-get.

        A merge in progress is waited for, so all is of one moment.
        """
        keys = wanted()
        with self._namespace.lock:
            values = iter(self._read_many(list(_names(keys))))
            return Fetched(
                self.chain(),
                {key: next(values) is not None for key in keys.existence},
                {key: next(values) for key in keys.nonces},
                {key: next(values) for key in keys.balances},
                {key: next(values) for key in keys.multisigs},
                {key: next(values) for key in keys.energies},
            )

    def _read_many(self, wanted: list[tuple[Column[Any], bytes]]) -> list[Any]:
        generation = self._present_generation()
        names = [column.code + key for column, key in wanted]
        values = [self._cache.get(name, generation) for name in names]
        missing = [place for place, value in enumerate(values) if value is MISSING]
        encoded = self._namespace.values_of([names[place] for place in missing])
        for place, found in zip(missing, encoded, strict=True):
            column = wanted[place][0]
            values[place] = column.absent if found is None else column.decode(found)
            self._cache.fill(names[place], values[place], generation)
        return values

    def _present_generation(self) -> int:
        """Return the namespace's generation, having emptied a cache that is of an older one."""
        generation = self._namespace.generation
        if generation != self._cache.generation:
            self._namespace.require()
            self._cache.reset(generation)
        return generation

    def _announce(self, operation: str) -> None:
        if self.before_write is not None:
            self.before_write(operation)


def _names(wanted: Wanted) -> Iterator[tuple[Column[Any], bytes]]:
    yield from ((ACCOUNT, key) for key in wanted.existence)
    yield from ((NONCE, key) for key in wanted.nonces)
    yield from ((BALANCE, address + asset) for address, asset in wanted.balances)
    yield from ((MULTISIG, key) for key in wanted.multisigs)
    yield from ((ENERGY, key) for key in wanted.energies)
