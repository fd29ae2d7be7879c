"""Ends a program whose harness is gone, by whatever cause, with the whole group of the program.

Invariant: as long as a guard is there, so is the process that made it; once that is gone, killed
too, the group is. A guard is a shell of a few lines in a session of its own, which no signal of a
terminal reaches: it waits for a word, and acts when there is none any more.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress

SCRIPT = 'read -r word || kill -s KILL -- "-$0"'


class Guard:
    """Guards one process group; ``end`` it when the group is gone."""

    def __init__(self, group: int) -> None:
        self._shell = subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
            ("/bin/sh", "-c", SCRIPT, str(group)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            start_new_session=True,
        )

    def end(self) -> None:
        """Send it home, if it is still there."""
        assert self._shell.stdin is not None
        if self._shell.stdin.closed:
            return
        with suppress(OSError):
            self._shell.stdin.write(b"done\n")
        with suppress(OSError):
            self._shell.stdin.close()
        self._shell.wait()
