"""Which case a campaign is at, where a crash of the whole process cannot take it along.

Invariant: while a campaign runs, a file names its process, its seed and its case; it is gone when
the campaign has ended in whatever orderly way. What a dead process left is told and removed by the
next campaign of the same user on the machine.
"""

from __future__ import annotations

import contextlib
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

    def at(self, number: int) -> None:
        """Say that case ``number`` is next."""
        if self._held is not None:
            text = repr(f"case {number} of {self._words}")[1:-1].encode(errors="backslashreplace")
            self._held[:LENGTH] = text[:LENGTH].ljust(LENGTH)

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            descriptor = os.open(self._path, flags, 0o600)
            try:
                os.truncate(descriptor, LENGTH)
                self._held = mmap.mmap(descriptor, LENGTH)
            finally:
                os.close(descriptor)
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
            with contextlib.suppress(OSError):
                self._path.unlink()


def left_behind(only: int | None = None) -> Iterator[str]:
    """Yield where campaigns ended without a word, and remove what they left.

    Of the process with the number ``only``, if that is given.
    """
    name = "*" if only is None else str(only)
    for path in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}{name}")):
        process = path.name.removeprefix(PREFIX)
        if not process.isdecimal() or _is_running(int(process)):
            continue
        with contextlib.suppress(OSError):
            if path.lstat().st_uid != os.getuid():
                continue
            text = path.read_bytes()[:LENGTH].decode(errors="replace").strip("\0 ")
            path.unlink()
            if text.isprintable() and text:
                yield text


def _is_running(process: int) -> bool:
    if process == os.getpid():
        return False  # an earlier one of that number: this one has left nothing yet
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
