"""The reader-writer lock: who may be inside together, who goes first, and that nobody hangs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from lockstep_ledger.storage.lock import LockHeldError, LockTimeoutError, ReadWriteLock
from lockstep_ledger.storage.protocol import StorageError

PATIENCE = 20.0
"""Seconds after which a test that would hang fails."""


class Waiting(ReadWriteLock):
    """A lock that says when somebody starts to wait."""

    __slots__ = ("somebody_waits",)

    def __init__(self, timeout: float = PATIENCE) -> None:
        super().__init__(timeout)
        self.somebody_waits = Event()

    def wait(self, free: Callable[[], bool], verb: str) -> None:
        if not free():
            self.somebody_waits.set()
        super().wait(free, verb)


def noting(lock: ReadWriteLock, log: list[str], name: str, verb: str) -> Callable[[], None]:
    def run() -> None:
        with lock.writing if verb == "write" else lock.reading:
            log.append(name)

    return run


def test_readers_are_inside_together() -> None:
    lock, all_inside = ReadWriteLock(PATIENCE), Barrier(3, timeout=PATIENCE)

    def read(_: int) -> int:
        with lock.reading:
            return all_inside.wait()

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(read, range(3))) == [0, 1, 2]


@pytest.mark.parametrize("verb", ["read", "write"])
def test_a_writer_keeps_others_out_until_it_leaves(verb: str) -> None:
    lock, log = Waiting(), list[str]()
    with ThreadPoolExecutor(1) as pool:
        with lock.writing:
            other = pool.submit(noting(lock, log, verb, verb))
            assert lock.somebody_waits.wait(PATIENCE)
            log.append("first")
        other.result(PATIENCE)
    assert log == ["first", verb]


def test_a_writer_waits_for_every_reader() -> None:
    lock, log = Waiting(), list[str]()
    with ThreadPoolExecutor(1) as pool:
        lock.reading.__enter__()
        lock.reading.__enter__()
        writer = pool.submit(noting(lock, log, "writer", "write"))
        assert lock.somebody_waits.wait(PATIENCE)
        lock.reading.__exit__()
        log.append("one reader left")
        lock.reading.__exit__()
        writer.result(PATIENCE)
    assert log == ["one reader left", "writer"]


def test_a_waiting_writer_goes_before_readers_that_came_later() -> None:
    lock, log = Waiting(), list[str]()
    with ThreadPoolExecutor(4) as pool:
        lock.reading.__enter__()
        writer = pool.submit(noting(lock, log, "writer", "write"))
        assert lock.somebody_waits.wait(PATIENCE)
        lock.somebody_waits.clear()
        readers: list[Future[None]] = []
        for _ in range(3):
            readers.append(pool.submit(noting(lock, log, "reader", "read")))
            assert lock.somebody_waits.wait(PATIENCE)
            lock.somebody_waits.clear()
        assert log == []
        lock.reading.__exit__()
        for each in (writer, *readers):
            each.result(PATIENCE)
    assert log == ["writer", "reader", "reader", "reader"]


def test_an_increment_under_the_write_lock_is_never_lost() -> None:
    lock, counts, start = ReadWriteLock(PATIENCE), [0, 0], Barrier(4, timeout=PATIENCE)

    def work(_: int) -> bool:
        start.wait()
        equal = True
        for _ in range(300):
            with lock.writing:
                counts[0] += 1
                counts[1] += 1
            with lock.reading:
                equal &= counts[0] == counts[1]
        return equal

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert counts == [1200, 1200]


def in_another_thread(action: Callable[[], None]) -> BaseException | None:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(action).exception(PATIENCE)


@pytest.mark.parametrize("verb", ["read", "write"])
def test_who_waits_too_long_for_a_writer_gets_a_named_error(verb: str) -> None:
    lock, log = ReadWriteLock(0.01), list[str]()
    with lock.writing:
        error = in_another_thread(noting(lock, log, verb, verb))
    assert isinstance(error, LockTimeoutError)
    assert isinstance(error, StorageError)
    waiting = int(verb == "write")
    assert str(error) == (
        f"cannot {verb}: the lock was not free for 0.01 s "
        f"(held by a writer, {waiting} writers waiting)"
    )
    assert log == []


def test_a_writer_that_waits_too_long_for_readers_lets_the_next_ones_in() -> None:
    lock, log = ReadWriteLock(0.01), list[str]()
    with lock.reading:
        error = in_another_thread(noting(lock, log, "writer", "write"))
        assert isinstance(error, LockTimeoutError)
        assert in_another_thread(noting(lock, log, "reader", "read")) is None
    assert in_another_thread(noting(lock, log, "next writer", "write")) is None
    assert log == ["reader", "next writer"]


def test_a_reader_that_waits_behind_a_writer_that_gives_up_is_let_in() -> None:
    lock, log = Waiting(timeout=0.2), list[str]()
    with ThreadPoolExecutor(2) as pool, lock.reading:
        writer = pool.submit(noting(lock, log, "writer", "write"))
        assert lock.somebody_waits.wait(PATIENCE)
        lock.timeout = PATIENCE
        reader = pool.submit(noting(lock, log, "reader", "read"))
        assert isinstance(writer.exception(PATIENCE), LockTimeoutError)
        reader.result(PATIENCE)
    assert log == ["reader"]


@pytest.mark.parametrize("verb", ["read", "write"])
def test_a_writer_that_asks_again_is_told_at_once(verb: str) -> None:
    lock, log = ReadWriteLock(PATIENCE), list[str]()
    with lock.writing, pytest.raises(LockHeldError, match=f"cannot {verb}: this thread holds"):
        noting(lock, log, "again", verb)()
    noting(lock, log, "later", verb)()
    assert log == ["later"]


def test_a_reader_that_asks_to_write_waits_for_itself_until_the_time_is_out() -> None:
    lock = ReadWriteLock(0.01)
    with lock.reading, pytest.raises(LockTimeoutError, match="1 readers"):
        lock.writing.__enter__()
    lock.writing.__enter__()
    lock.writing.__exit__()


@pytest.mark.parametrize("verb", ["read", "write"])
def test_an_error_inside_gives_the_lock_back(verb: str) -> None:
    lock = ReadWriteLock(0.01)
    guard = lock.writing if verb == "write" else lock.reading
    with pytest.raises(ZeroDivisionError), guard:
        raise ZeroDivisionError
    with lock.writing:
        pass


def test_giving_back_what_was_not_taken_is_a_bug_of_ours() -> None:
    lock = ReadWriteLock()
    with pytest.raises(AssertionError):
        lock.reading.__exit__()
    with pytest.raises(AssertionError):
        lock.writing.__exit__()
