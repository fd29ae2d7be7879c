"""Where the ``lockstep`` command begins: what goes wrong while it is loaded is one line, too."""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

FAULT = 3
"""That of ``lockstep.cli.exit_codes``, which is not loaded yet."""


def main() -> None:
    """Load the command line and run it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # none if it was closed before we began
            stream.reconfigure(errors="backslashreplace")
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
