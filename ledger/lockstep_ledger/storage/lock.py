"""A reader-writer lock: any number of readers, or one writer, and nobody waits for ever.

Invariant: while a thread is inside ``writing``, no other is inside ``reading`` or ``writing``. A
waiting writer goes before readers that come after it, so that readers cannot starve it.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Lock, get_ident

from lockstep_ledger.storage.protocol import StorageError

TIMEOUT = 10.0
"""Seconds that a lock waits unless it is told otherwise: far beyond any read or merge."""


class LockTimeoutError(StorageError):
    """A lock was not free in time; nothing was read or written."""


class LockHeldError(StorageError):
    """A thread asked for a lock that can never be free, for it holds the write lock itself."""


class ReadWriteLock:
    """Waits at most ``timeout`` seconds for a turn, then raises ``LockTimeoutError``.

    Not reentrant: a reader that asks to write waits for itself until the time is out, a writer
    that asks for anything gets a ``LockHeldError`` at once. ``mutex`` guards all that counts who
    is inside and who waits, never a read or a write itself.
    """

    __slots__ = ("free", "mutex", "readers", "reading", "timeout", "waiting", "writer", "writing")

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self.mutex = Lock()
        self.free = Condition(self.mutex)
        self.readers = 0
        self.waiting = 0
        self.writer: int | None = None
        self.reading = Reading(self)
        self.writing = Writing(self)

    def wait(self, free: Callable[[], bool], verb: str) -> None:
        """Wait, under ``mutex``, until ``free()``. Raises either error of this module."""
        if self.writer == get_ident():
            raise LockHeldError(f"cannot {verb}: this thread holds the write lock")
        if not self.free.wait_for(free, self.timeout):
            raise LockTimeoutError(
                f"cannot {verb}: the lock was not free for {self.timeout:g} s ({self._inside()})"
            )

    def _inside(self) -> str:
        inside = (
            "held by a writer" if self.writer is not None else f"held by {self.readers} readers"
        )
        return f"{inside}, {self.waiting} writers waiting"


class Reading:
    """The readers' side: ``with lock.reading:``; the guard is shared by all threads.

    Every read of a storage passes here, so the free case is kept short.
    """

    __slots__ = ("_lock", "_mutex")

    def __init__(self, lock: ReadWriteLock) -> None:
        self._lock = lock
        self._mutex = lock.mutex

    def __enter__(self) -> None:
        """Come in. Raises ``LockTimeoutError`` or ``LockHeldError``."""
        lock = self._lock
        with self._mutex:
            if lock.writer is not None or lock.waiting:
                lock.wait(self._is_free, "read")
            lock.readers += 1

    def __exit__(self, *_error: object) -> None:
        """Leave."""
        lock = self._lock
        with self._mutex:
            assert lock.readers, "a read lock was given back that nobody held"
            lock.readers -= 1
            if lock.waiting:
                lock.free.notify_all()

    def _is_free(self) -> bool:
        return self._lock.writer is None and not self._lock.waiting


class Writing:
    """The writers' side: ``with lock.writing:``; the guard is shared by all threads."""

    __slots__ = ("_lock",)

    def __init__(self, lock: ReadWriteLock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        """Come in. Raises ``LockTimeoutError`` or ``LockHeldError``."""
        lock = self._lock
        with lock.mutex:
            lock.waiting += 1
            try:
                lock.wait(self._is_free, "write")
                lock.writer = get_ident()
            finally:
                lock.waiting -= 1
                if lock.writer is None:
                    lock.free.notify_all()

    def __exit__(self, *_error: object) -> None:
        """Leave."""
        lock = self._lock
        with lock.mutex:
            assert lock.writer == get_ident(), "a write lock was given back by another thread"
            lock.writer = None
            lock.free.notify_all()

    def _is_free(self) -> bool:
        return self._lock.writer is None and not self._lock.readers
