"""The embedded RocksDB database: bytes to bytes, and every failure a ``StorageError`` of one line.

Invariant: no iterator outlives the call that made it, for one that lives on keeps the directory
locked after ``close``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rocksdict import RdictIter, WriteBatch, WriteOptions

from lockstep_ledger.storage.layout import LAYOUT_VERSION, VERSION_KEY
from lockstep_ledger.storage.making import made_whole
from lockstep_ledger.storage.opening import one_line, open_rdict
from lockstep_ledger.storage.protocol import ClosedError, StorageError


class Engine:
    """An open database directory, created if it is not there.

    ``failure`` is the first error of the disk or of RocksDB; what came after it proves nothing.
    """

    __slots__ = ("_rdict", "_write_options", "closed", "failure", "path")

    def __init__(self, path: Path, *, sync: bool) -> None:
        """Open ``path``; with ``sync`` every write reaches the disk before it returns.

        Raises ``StorageError`` if the path is not a usable database.
        """
        self.path = path
        self.closed = False
        self.failure: StorageError | None = None
        self._write_options = WriteOptions()
        self._write_options.sync = sync
        with made_whole(path):
            self._rdict = open_rdict(path)
            try:
                self._check_layout()
            except StorageError:
                self.close()
                raise

    def get(self, key: bytes) -> bytes | None:
        """Return the value of ``key``, None if there is none."""
        try:
            value: bytes | None = self._rdict.get(key)
        except Exception as error:
            raise self._failed("read", error) from error
        return value

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """Return the values of ``keys`` in their order."""
        try:
            values: Any = self._rdict.get([*keys])
        except Exception as error:
            raise self._failed("read", error) from error
        return list(values)

    def first_from(self, start: bytes) -> tuple[bytes, bytes] | None:
        """Return the first record at or after ``start``, None if there is none."""
        iterator = self._iterator()
        try:
            iterator.seek(start)
            return (iterator.key(), iterator.value()) if iterator.valid() else None
        except Exception as error:
            raise self._failed("read", error) from error
        finally:
            del iterator

    def last_key(self) -> bytes | None:
        """Return the highest key, None in an empty database."""
        iterator = self._iterator()
        try:
            iterator.seek_to_last()
            return iterator.key() if iterator.valid() else None
        except Exception as error:
            raise self._failed("read", error) from error
        finally:
            del iterator

    def scan(self, start: bytes, stop: bytes) -> list[tuple[bytes, bytes]]:
        """Return the records from ``start`` up to, not including, ``stop``.

        Let ``stop`` or a key soon after it exist: the search for the end of the range would
        otherwise walk over everything deleted beyond it.
        """
        records: list[tuple[bytes, bytes]] = []
        iterator = self._iterator()
        try:
            iterator.seek(start)
            while iterator.valid():
                key = iterator.key()
                if key >= stop:
                    break
                records.append((key, iterator.value()))
                iterator.next()
            iterator.status()
        except Exception as error:
            raise self._failed("read", error) from error
        finally:
            del iterator
        return records

    def write(self, batch: WriteBatch) -> None:
        """Apply all of ``batch`` or, raising ``StorageError``, nothing of it."""
        try:
            self._rdict.write(batch, self._write_options)
        except Exception as error:
            raise self._failed("write", error) from error

    def close(self) -> None:
        """Flush and release the directory; closing twice is fine.

        Raises ``StorageError`` if something failed that was not told before.
        """
        if self.closed:
            return
        self.closed = True
        try:
            self._rdict.close()
        except Exception as error:
            if self.failure is None:
                raise StorageError(f"{self.path}: cannot close: {one_line(error)}") from error

    def _iterator(self) -> RdictIter:
        try:
            return self._rdict.iter()
        except Exception as error:
            raise self._failed("read", error) from error

    def _check_layout(self) -> None:
        version = self.get(VERSION_KEY)
        if version == LAYOUT_VERSION:
            return
        if version is not None or self.last_key() is not None:
            found = "none" if version is None else repr(version.decode("utf-8", "replace"))
            raise StorageError(
                f"{self.path}: unknown layout version: found {found}, "
                f"this program knows {LAYOUT_VERSION.decode()!r}"
            )
        batch = WriteBatch(raw_mode=True)
        batch[VERSION_KEY] = LAYOUT_VERSION
        self.write(batch)

    def _failed(self, verb: str, error: Exception) -> StorageError:
        if self.closed:
            return ClosedError(f"{self.path}: cannot {verb}: the database is closed")
        failed = StorageError(f"{self.path}: cannot {verb}: {one_line(error)}")
        self.failure = self.failure or failed
        return failed
