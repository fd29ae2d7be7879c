"""Where the ``lockstep`` command begins: an interrupt before there is a group is one line, too."""

from __future__ import annotations

import os
import sys

from lockstep.cli.ends import AT_ONCE, signals_handled

EXECUTING = frozenset(
    {"audit", "bench", "corpus", "devnet", "explain", "explore", "fuzz", "replay", "shrink"}
    | {"vectors"}
)
"""The commands that execute what they do not trust to come back."""


def main() -> None:
    """Load the command line and run it; what executes foreign code is supervised."""
    try:
        with signals_handled():
            words = [word for word in sys.argv[1:] if not word.startswith("-")]
            if words and words[0] in EXECUTING and hasattr(os, "fork"):
                from lockstep.cli.supervised import supervise

                supervise(_command)
            _command()
    except KeyboardInterrupt:
        sys.stderr.write("lockstep: interrupted\n")
        sys.exit(AT_ONCE)


def _command() -> None:
    from lockstep.cli.main import main as command

    command()
