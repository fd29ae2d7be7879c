"""Long commands as whole programs: started, found again by a mark, and what they leave.

Invariant: every process that comes of a command carries its mark in the environment, whoever is its
parent in the end, so that none can hide.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.repository import REPOSITORY

MARK = "LOCKSTEP_ATTACK"
PROGRAM = (sys.executable, "-m", "lockstep")
ON_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes standard input the terminal of its session, and goes on as another program."""
LOOK_SECONDS, AGAIN_SECONDS = 0.02, 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command runs: ``temporary`` and ``findings`` are folders of its own."""

    name: str
    temporary: Path
    findings: Path

    @classmethod
    def under(cls, folder: Path, name: str, temporary: Path | None = None) -> Place:
        """Make the folders of a place called ``name``."""
        place = cls(name, temporary or folder / f"{name}-tmp", folder / f"{name}-findings")
        place.temporary.mkdir(exist_ok=True)
        return place

    def environment(self) -> dict[str, str]:
        """Return the environment of the command."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "TMPDIR": str(self.temporary), MARK: self.mark, "PATH": path}

    def processes(self) -> list[psutil.Process]:
        """Return every process that runs and comes of the command."""
        return list(_marked(self.mark))

    @property
    def mark(self) -> str:
        """What all processes of the command carry, and nobody else's."""
        return f"{os.getpid()} {self.temporary} {self.name}"

    def left(self) -> list[str]:
        """Return what is in the temporary folder."""
        return sorted(each.name for each in self.temporary.iterdir())


def started(
    words: Sequence[str], place: Place, output: int, terminal: int | None = None
) -> subprocess.Popen[bytes]:
    """Start ``lockstep`` first in a session of its own; of ``terminal``, if that is given."""
    program = PROGRAM if terminal is None else (sys.executable, "-c", ON_TERMINAL, *PROGRAM)
    return subprocess.Popen(  # noqa: S603 - this checkout's own program
        (*program, *words),
        cwd=REPOSITORY,
        env=place.environment(),
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def wait_until_it_handles(process: subprocess.Popen[bytes], number: int, seconds: float) -> bool:
    """Wait until a process handles a signal: before that the interpreter itself is starting."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            mask = next(line.split()[1] for line in lines if line.startswith("SigCgt"))
            if int(mask, 16) >> (number - 1) & 1:
                return True
        time.sleep(LOOK_SECONDS)
    return False


def seconds_until_gone(place: Place, limit: float) -> float | None:
    """Return how long it takes until no process of ``place`` is left; None if some stay."""
    began = gone = time.monotonic()
    # Twice: for a moment after its start a process shows no environment.
    while place.processes() or time.monotonic() - gone < AGAIN_SECONDS:
        if place.processes():
            gone = time.monotonic()
        if gone - began > limit:
            return None
        time.sleep(LOOK_SECONDS)
    return gone - began


def _marked(mark: str) -> Iterator[psutil.Process]:
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError, psutil.Error):
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    yield psutil.Process(int(folder.name))
