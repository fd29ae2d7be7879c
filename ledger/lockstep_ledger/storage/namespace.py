"""One namespace of the database: the records of one store, and the batches that change them.

Invariant: ``generation`` counts the committed changes, so a handle whose cache has another number
holds values that may be old. Batches are built without side effects; ``commit`` alone writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from rocksdict import WriteBatch

from lockstep_ledger.model import U64_MAX, State
from lockstep_ledger.storage.engine import Engine
from lockstep_ledger.storage.layout import (
    CURRENT,
    FIRST_NAMESPACE,
    HISTORY,
    JOURNAL,
    SPAN,
    ascending,
    decode_names,
    decode_span,
    decode_u64,
    descending,
    encode_names,
    encode_span,
    encode_u64,
)
from lockstep_ledger.storage.protocol import ClosedError, StorageError
from lockstep_ledger.storage.rows import state_rows


class Namespace:
    """The records under one number, shared by all handles on them."""

    __slots__ = (
        "_current",
        "_history",
        "_journal",
        "_span",
        "engine",
        "first",
        "generation",
        "gone",
        "lock",
        "newest",
        "number",
    )

    def __init__(self, engine: Engine, number: int, first: int, newest: int) -> None:
        prefix = encode_u64(number)
        self._current = prefix + CURRENT
        self._history = prefix + HISTORY
        self._journal = prefix + JOURNAL
        self._span = prefix + SPAN
        self.engine = engine
        self.number = number
        self.first = first
        self.newest = newest
        self.generation = 0
        self.gone: str | None = None
        self.lock = Lock()

    @classmethod
    def create(cls, engine: Engine, number: int, state: State, topoheight: int) -> Namespace:
        """Write ``state`` as the oldest version of a new namespace, in one batch."""
        namespace = cls(engine, number, topoheight, topoheight)
        batch = WriteBatch(raw_mode=True)
        current, version = namespace._current, encode_u64(topoheight)
        for column, key, value in state_rows(state):
            batch[current + column.code + key] = version + column.encode(value)
        batch[namespace._span] = encode_span(topoheight, topoheight)
        engine.write(batch)
        return namespace

    @classmethod
    def open(cls, engine: Engine, number: int) -> Namespace:
        """Return the namespace that was written under ``number``.

        Raises ``StorageError`` if there is none.
        """
        known = FIRST_NAMESPACE <= number <= U64_MAX
        span = engine.get(encode_u64(number) + SPAN) if known else None
        if span is None:
            raise StorageError(f"{engine.path}: there is no namespace {number}")
        return cls(engine, number, *decode_span(span))

    def require(self) -> None:
        """Raise ``ClosedError`` if the database was closed or the namespace dropped."""
        if self.gone is not None:
            raise ClosedError(f"{self.engine.path}: namespace {self.number}: {self.gone}")

    def end(self, reason: str) -> None:
        """Make every later use of any handle a ``StorageError``."""
        with self.lock:
            self.gone = self.gone or reason
            self.generation += 1

    def value(self, name: bytes) -> bytes | None:
        """Return the newest value of ``name``: one get."""
        record = self.engine.get(self._current + name)
        return None if record is None else record[8:]

    def values_of(self, names: list[bytes]) -> list[bytes | None]:
        """Return the newest values of ``names``, of one moment: one multi-get."""
        if not names:
            return []
        records = self.engine.get_many([self._current + name for name in names])
        return [None if record is None else record[8:] for record in records]

    def value_at(self, name: bytes, topoheight: int) -> bytes | None:
        """Return the value of ``name`` as of ``topoheight``: one get, and a search if it is old."""
        record = self.engine.get(self._current + name)
        if record is None:
            return None
        if decode_u64(record[:8]) <= topoheight:
            return record[8:]
        version = self._version(name, topoheight)
        return None if version is None else version[1]

    def values(self) -> list[tuple[bytes, bytes]]:
        """Return every name with its newest value, in the order of names."""
        start = len(self._current)
        records = self.engine.scan(self._current, self._history)
        return [(key[start:], record[8:]) for key, record in records]

    def merge_batch(self, values: Mapping[bytes, bytes], topoheight: int) -> WriteBatch:
        """Return what moves the present versions of ``values`` to history and writes the new."""
        batch = WriteBatch(raw_mode=True)
        current, history, version = self._current, self._history, encode_u64(topoheight)
        keys = [current + name for name in values]
        superseded = self.engine.get_many(keys)
        for key, (name, value), record in zip(keys, values.items(), superseded, strict=True):
            if record is not None:
                batch[history + name + descending(decode_u64(record[:8]))] = record[8:]
            batch[key] = version + value
        batch[self._journal + descending(topoheight)] = encode_names(values)
        batch[self._span] = encode_span(self.first, topoheight)
        return batch

    def rewind_batch(self, topoheight: int) -> tuple[WriteBatch, set[bytes], int]:
        """Return what drops the versions above ``topoheight``, their names, the newest left."""
        batch = WriteBatch(raw_mode=True)
        names: set[bytes] = set()
        stop = self._journal + descending(topoheight)
        start = len(self._journal)
        for key, journal in self.engine.scan(self._journal, stop):
            batch.delete(key)
            merged = ascending(key[start:])
            for name in decode_names(journal):
                names.add(name)
                batch.delete(self._history + name + descending(merged))
        for name in names:
            self._restore(batch, name, topoheight)
        newest = self._newest_merge(topoheight)
        batch[self._span] = encode_span(self.first, newest)
        return batch, names, newest

    def drop_batch(self) -> WriteBatch:
        """Return what deletes every record.

        Single deletions: a range deletion is written faster, but each one that is not yet
        compacted slows down all later reads of the database, up to a thousandfold.
        """
        batch = WriteBatch(raw_mode=True)
        for key, _ in self.engine.scan(self._current, self._span):
            batch.delete(key)
        batch.delete(self._span)
        return batch

    def commit(self, batch: WriteBatch, newest: int) -> int:
        """Write ``batch`` and return the new generation; raise ``StorageError`` with none."""
        self.engine.write(batch)
        self.newest = newest
        self.generation += 1
        return self.generation

    def _newest_merge(self, topoheight: int) -> int:
        record = self.engine.first_from(self._journal + descending(topoheight))
        if record is None or not record[0].startswith(self._journal):
            return self.first
        return ascending(record[0][len(self._journal) :])

    def _restore(self, batch: WriteBatch, name: bytes, topoheight: int) -> None:
        version = self._version(name, topoheight)
        if version is None:
            batch.delete(self._current + name)
            return
        written, value = version
        batch.delete(self._history + name + descending(written))
        batch[self._current + name] = encode_u64(written) + value

    def _version(self, name: bytes, topoheight: int) -> tuple[int, bytes] | None:
        prefix = self._history + name
        record = self.engine.first_from(prefix + descending(topoheight))
        if record is None or not record[0].startswith(prefix):
            return None
        return ascending(record[0][len(prefix) :]), record[1]
