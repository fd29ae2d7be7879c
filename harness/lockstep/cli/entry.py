"""Where the ``lockstep`` command begins: what goes wrong while it is loaded is one line, too."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import NoReturn

from lockstep.cli.ends import signals_handled
from lockstep.undisturbed import FAULT

EXECUTING = frozenset(
    {"audit", "bench", "corpus", "devnet", "explain", "explore", "fuzz", "replay", "shrink"}
    | {"vectors"}
)
"""The commands that execute what they do not trust to come back."""


def main() -> None:
    """Load the command line and run it; what executes foreign code is supervised."""
    _prepare_streams()
    try:
        with signals_handled():
            words = [word for word in sys.argv[1:] if not word.startswith("-")]
            if words and words[0] in EXECUTING and hasattr(os, "fork"):
                from lockstep.cli.supervised import supervise

                supervise(_watched)
            _command()
    except KeyboardInterrupt:
        _end("interrupted")


def _prepare_streams() -> None:
    """Let everything be printed, wherever it goes: no letter is a fault, nor is a closed stream."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - until the program ends
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _watched() -> None:
    """Run a command that keeps the deadlines of what it executes."""
    from lockstep.run.watchdog import watching

    with watching():
        _command()


def _command() -> None:
    try:
        from lockstep.cli.main import main as command
    except KeyboardInterrupt:
        _end("interrupted")
    except Exception as error:
        if os.environ.get("LOCKSTEP_DEBUG") == "1":
            raise
        _end(f"cannot be loaded: {type(error).__name__}: {' '.join(str(error).split())}")
    command()


def _end(text: str) -> NoReturn:
    sys.stderr.write(f"lockstep: {text}\n")
    sys.exit(FAULT)
