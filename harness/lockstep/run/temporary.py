"""Directories in the temporary folder that go with their owner, however it ends.

Invariant: a directory is deleted by its owner, or by a later run once its owner is dead. Who owns
it stands in its name and in a file that the owner keeps locked; what is not provably a directory of
a dead owner of this user is left alone.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lockstep.faults import HarnessFault
from lockstep.undisturbed import undisturbed

OWNER = "owner"
"""The file that the owner keeps locked: when it started, by the system's clock of processes."""

CONTENT = "content"

_NAME = re.compile(r"lockstep-([1-9][0-9]*)-[a-z0-9_]{8}")
_ATTEMPTS = 5
_ENDED = "ended"
"""The start of a process that has ended and was not yet waited for."""


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """Give an empty directory that is gone afterwards; delete those that dead owners left.

    Raises ``HarnessFault`` if none can be made.
    """
    made: tuple[Path, int] | None = None
    try:
        with undisturbed():
            made = path, _ = _newest()
        yield path / CONTENT
    finally:
        with undisturbed():
            if made is not None:
                path, lock = made
                with suppress(OSError):
                    _delete(path)
                os.close(lock)


def _newest() -> tuple[Path, int]:
    """Return a new directory and the lock on it, where those of dead owners are deleted."""
    try:
        folder = Path(tempfile.gettempdir())
        delete_those_of_dead_owners(folder)
        return _made(folder)
    except OSError as error:
        raise HarnessFault(f"storage: no temporary directory: {error}") from error


def delete_those_of_dead_owners(folder: Path) -> None:
    """Delete the directories in ``folder`` whose owners died before they did."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            named = _NAME.fullmatch(entry.name)
            if named is not None:
                with suppress(OSError):
                    _delete_if_dead(Path(entry.path), int(named[1]))


def _made(folder: Path) -> tuple[Path, int]:
    """Return a new directory and the lock on it."""
    for _ in range(_ATTEMPTS):
        path = Path(tempfile.mkdtemp(prefix=f"lockstep-{os.getpid()}-", dir=folder))
        # Up to the lock, a run that sees other process numbers takes it for one that was left.
        with suppress(FileNotFoundError):
            lock = os.open(path / OWNER, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
            if (path / OWNER).exists():
                os.write(lock, _start_of(os.getpid()).encode())
                (path / CONTENT).mkdir()
                return path, lock
            os.close(lock)
    raise FileNotFoundError(f"what is made in {folder} is gone at once")


def _delete_if_dead(path: Path, owner: int) -> None:
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        return
    try:
        lock = os.open(path / OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        # Whoever made it or deleted it died between the directory and the owner's file.
        if not _lives(owner, ""):
            path.rmdir()
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _lives(owner, os.read(lock, 64).decode("ascii", "replace")):
            _delete(path)
    finally:
        os.close(lock)


def _lives(process: int, start: str) -> bool:
    """Tell whether a process of that number lives that may have started at ``start``."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, PermissionError, OverflowError):
        # One of another user does not own a directory of this one.
        return False
    now = _start_of(process)
    return now != _ENDED and (not start or not now or start == now)


def _start_of(process: int) -> str:
    """Return when a process started, the empty text where the system does not tell."""
    try:
        told = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    # The name of the program stands in parentheses and may hold some itself.
    state, *rest = told.rpartition(")")[2].split()
    return _ENDED if state in "ZX" else rest[18]


def _delete(path: Path) -> None:
    """Delete a directory, the owner's file last: until then it is known whose it was."""
    shutil.rmtree(path / CONTENT, ignore_errors=True)
    if not (path / CONTENT).exists():
        (path / OWNER).unlink(missing_ok=True)
        path.rmdir()
