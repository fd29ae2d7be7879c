"""Makes a database directory whole, or makes it again if that was interrupted.

Invariant: while a directory is being made it holds a marker, locked by whoever makes it, and
nothing that anybody stored. The marker is on the disk before the database's first file and off it
before the first store: what is found beside it may be deleted, what is found without it may not.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lockstep_ledger.storage.protocol import DatabaseLockedError, StorageError

MARKER = "being-made"

WHAT_TO_DO = "delete the directory, or use another"

_OF_A_DATABASE = re.compile(
    r"CURRENT|IDENTITY|LOCK|LOG(\.old\.\d+)?|(MANIFEST|OPTIONS)-\d+|\d+\.(log|sst|dbtmp)"
    r"|OPTIONS-\d+\.dbtmp|rocksdict-config\.json"
)


@contextmanager
def made_whole(path: Path) -> Iterator[None]:
    """Open the database at ``path`` in here: if that makes it, it is made whole or not at all.

    Raises ``StorageError`` if ``path`` holds anything else than a database.
    """
    try:
        marker = _begin(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot open: {error.strerror}") from error
    if marker is None:
        yield
        return
    try:
        yield
        (path / MARKER).unlink()
        _reach_the_disk(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot make a database: {error.strerror}") from error
    finally:
        os.close(marker)


def _begin(path: Path) -> int | None:
    """Return the locked marker of a directory that is to be made, None of one that is whole."""
    if path.exists() and not path.is_dir():
        raise StorageError(f"{path}: not a directory")
    _make_directory(path)
    names = {entry.name for entry in path.iterdir()}
    if names and MARKER not in names:
        if "CURRENT" not in names:
            raise StorageError(
                f"{path}: not a database, or a corrupt one: it has no file CURRENT; {WHAT_TO_DO}"
            )
        return None
    marker = _locked(path)
    try:
        if not _is_in_place(marker, path):
            # Somebody else has just made it whole.
            os.close(marker)
            return None
        _reach_the_disk(path)
        _clear(path)
    except BaseException:
        os.close(marker)
        raise
    return marker


def _make_directory(path: Path) -> None:
    """Make ``path`` and the directories above it, and have them on the disk."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir()
        _reach_the_disk(each.parent)


def _locked(path: Path) -> int:
    marker = os.open(path / MARKER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(marker)
        raise DatabaseLockedError(f"{path}: locked: it is being made right now") from None
    return marker


def _is_in_place(marker: int, path: Path) -> bool:
    try:
        return (path / MARKER).stat().st_ino == os.fstat(marker).st_ino
    except FileNotFoundError:
        return False


def _clear(path: Path) -> None:
    """Delete what an interrupted making left."""
    left = [entry for entry in path.iterdir() if entry.name != MARKER]
    foreign = sorted(entry.name for entry in left if not _OF_A_DATABASE.fullmatch(entry.name))
    if foreign:
        raise StorageError(
            f"{path}: the making of it was interrupted, and it holds {foreign[0]!r}, "
            f"which is of no database; {WHAT_TO_DO}"
        )
    for entry in left:
        entry.unlink()


def _reach_the_disk(directory: Path) -> None:
    """Have the names in ``directory`` survive the end of the machine."""
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
