"""Where the ``lockstep`` command begins: an interrupt before there is a group is one line, too."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 3
"""The exit code of ``lockstep.cli.exit_codes.FAULT``, which is not loaded yet."""

EXECUTING = frozenset(
    {"audit", "bench", "corpus", "devnet", "explain", "explore", "fuzz", "replay", "shrink"}
    | {"vectors"}
)
"""The commands that execute what they do not trust to come back."""


def main() -> None:
    """Load the command line and run it; what executes foreign code is supervised."""
    try:
        words = [word for word in sys.argv[1:] if not word.startswith("-")]
        if words and words[0] in EXECUTING and hasattr(os, "fork"):
            from lockstep.cli.supervised import supervise

            supervise(_command)
        _command()
    except KeyboardInterrupt:
        sys.stderr.write("lockstep: interrupted\n")
        sys.exit(INTERRUPTED)


def _command() -> None:
    try:
        from lockstep.cli.main import main as command
    except KeyboardInterrupt:
        sys.stderr.write("lockstep: interrupted\n")
        sys.exit(INTERRUPTED)
    command()
