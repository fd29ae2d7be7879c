"""Which case a campaign is at, where a crash of the whole process cannot take it along.

Invariant: while a campaign runs, a file names its process, its seed and its case, and is locked; it
is gone when the campaign has ended in whatever orderly way. What a dead process left is told and
removed by the next campaign of the same user on the machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

PREFIX = "lockstep-running-"
LENGTH = 512


class Marker:
    """The file of this process; a context manager. Where it cannot be made, nothing is marked."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._path = Path(tempfile.gettempdir()) / f"{PREFIX}{os.getpid()}"
        self._held: mmap.mmap | None = None
        self._lock = -1

    def at(self, number: int) -> None:
        """Say that case ``number`` is next."""
        if self._held is not None:
            text = repr(f"case {number} of {self._words}")[1:-1].encode(errors="backslashreplace")
            self._held[:LENGTH] = text[:LENGTH].ljust(LENGTH)

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            self._lock = os.open(self._path, flags, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(self._lock, LENGTH)
            self._held = mmap.mmap(self._lock, LENGTH)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None
        if self._lock >= 0:
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(self._lock)
            self._lock = -1


def left_behind(only: int | None = None) -> Iterator[str]:
    """Yield where campaigns ended without a word, and remove what they left.

    Of the process with the number ``only``, if that is given.
    """
    name = "*" if only is None else str(only)
    for path in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}{name}")):
        with contextlib.suppress(OSError):
            if path.name.removeprefix(PREFIX).isdecimal():
                text = _taken(path)
                if text and text.isprintable():
                    yield text


def _taken(path: Path) -> str:
    """Return what is in a file that nobody holds any more, and remove it; else nothing."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            return ""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        return os.read(descriptor, LENGTH).decode(errors="replace").strip("\0 ")
    finally:
        os.close(descriptor)
