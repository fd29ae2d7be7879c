"""Where the ``lockstep`` command begins: an interrupt before there is a group is one line, too."""

from __future__ import annotations

import sys

INTERRUPTED = 3
"""The exit code of ``lockstep.cli.exit_codes.FAULT``, which is not loaded yet."""


def main() -> None:
    """Load the command line and run it."""
    try:
        from lockstep.cli.main import main as command
    except KeyboardInterrupt:
        sys.stderr.write("lockstep: interrupted\n")
        sys.exit(INTERRUPTED)
    command()
