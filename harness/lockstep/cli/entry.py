"""Where the ``lockstep`` command begins: what goes wrong while it is loaded is one line, too."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import NoReturn

FAULT = 3
"""That of ``lockstep.cli.exit_codes``, which is not loaded yet."""


def main() -> None:
    """Load the command line and run it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed before we began
            nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - until the program ends
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
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
