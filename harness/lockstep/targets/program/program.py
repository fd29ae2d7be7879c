"""How a program is named and started: ``cmd:PROGRAM ARGS``."""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from lockstep.case.file import Setting
from lockstep.case.surroundings import OURS, Surroundings
from lockstep.faults import UsageError
from lockstep.targets.program.child import MEMORY, Child
from lockstep.targets.program.tap import Tap

PREFIX = "cmd:"
BLOCK_DEADLINE = 10.0
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    """A program by its words; the most bytes of data it may have; seconds that a block may take.

    ``tap`` is given the bytes of each process.
    It is started in ``surroundings``; a relative name of it is looked up where we are all the same.
    """

    command: tuple[str, ...]
    memory: int = MEMORY
    deadline: float = BLOCK_DEADLINE
    tap: Tap | None = None
    surroundings: Surroundings = OURS

    def under(self, setting: Setting) -> Program:
        """Return the program with the limits and the surroundings of ``setting``."""
        return replace(
            self,
            memory=setting.memory * MEBIBYTE,
            deadline=setting.deadline,
            surroundings=setting.surroundings,
        )

    def start(self) -> Child:
        """Start a process of it. Raises ``OSError`` if that cannot be."""
        first, *others = self.command
        found = str(Path(first).absolute()) if os.sep in first else first
        return Child((found, *others), self.memory, self.tap, self.surroundings)


def program_named(name: str) -> Program:
    """Return the program that ``name`` starts. Raises ``UsageError`` if there is none."""
    if not name.startswith(PREFIX):
        raise UsageError(f"{name} is no program: write cmd:PROGRAM ARGS")
    try:
        words = shlex.split(name.removeprefix(PREFIX))
    except ValueError as error:
        raise UsageError(f"executor {name}: {error}") from error
    if not words:
        raise UsageError("cmd: names no program; write cmd:PROGRAM ARGS")
    if shutil.which(words[0]) is None:
        raise UsageError(f"executor {name}: no program {words[0]}")
    return Program(tuple(words))
