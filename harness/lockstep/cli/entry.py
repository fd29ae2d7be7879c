"""Where the ``lockstep`` command begins: an interrupt before there is a group is one line, too."""

from __future__ import annotations

import io
import sys

INTERRUPTED = 3
"""The exit code of ``lockstep.cli.exit_codes.FAULT``, which is not loaded yet."""


def main() -> None:
    """Load the command line and run it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # none if it was closed before we began
            stream.reconfigure(errors="backslashreplace")
    try:
        from lockstep.cli.main import main as command
    except KeyboardInterrupt:
        sys.stderr.write("lockstep: interrupted\n")
        sys.exit(INTERRUPTED)
    command()
