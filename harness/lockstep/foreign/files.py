"""Files that somebody else wrote: read whole, or refused before anything of them is read.

Invariant: what is read is a regular file of at most ``MOST_BYTES``; nothing here waits for a pipe
or a device.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NoReturn

from lockstep.foreign.text import error_text

MOST_BYTES = 64 << 20
"""Far beyond any case that was ever kept, and little enough to be held in memory."""


class FileRefused(Exception):
    """A file that is not read; the text says why in one line and does not name it."""


def read(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return what is in ``path``. Raises ``FileRefused``."""
    try:
        # Opening a device may do something by itself, so it is looked at first.
        _check(path.stat(), most)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            _check(os.fstat(descriptor), most)
            data = file.read(most + 1)
    except OSError as error:
        raise FileRefused(error.strerror or error_text(error)) from error
    except ValueError as error:
        raise FileRefused(error_text(error)) from error
    if len(data) > most:
        raise _too_large(len(data), most)
    return data


def below(folder: Path, suffix: str = ".json") -> list[Path]:
    """Return what is below ``folder`` and is named so, in order. Raises ``FileRefused``.

    A folder that cannot be looked into is not passed over.
    """

    def refuse(error: OSError) -> NoReturn:
        raise FileRefused(f"{error.strerror}: {error.filename}") from error

    walk = os.walk(folder, onerror=refuse)
    return sorted(
        Path(parent, name)
        for parent, folders, files in walk
        for name in (*folders, *files)
        if name.endswith(suffix)
    )


def _check(found: os.stat_result, most: int) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise FileRefused("Is a directory")
    if not stat.S_ISREG(found.st_mode):
        raise FileRefused("not a regular file")
    if found.st_size > most:
        raise _too_large(found.st_size, most)


def _too_large(size: int, most: int) -> FileRefused:
    return FileRefused(f"{size} bytes or more, above the {most} that are read")
