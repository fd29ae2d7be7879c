"""The command line as tests run it: inside this process, or as a program of its own."""

from __future__ import annotations

import sys

from click.testing import CliRunner, Result

from lockstep.cli.main import main
from tests.repository import REPOSITORY

ROOT = REPOSITORY
AGREE, DIVERGENCE, USAGE, FAULT, GATE = range(5)
TARGETS = "tests.harness.faulty_executors"
PROGRAM = (sys.executable, "-m", "lockstep")
TALKATIVE = (
    sys.executable,
    "-c",
    "from lockstep.cli import main, screen; "
    "screen.QUIET_SECONDS = screen.FIRST_SECONDS = 0; main.main()",
)
"""The command line, with a line of progress after every chunk."""


def lockstep(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def fuzz(*arguments: object) -> Result:
    """Run a small campaign."""
    quick = ("--cases", 20, "--seed", "one", "--storage", "memory")
    return lockstep("fuzz", *quick, *arguments)


def assert_one_line(result: Result, code: int, *words: str) -> None:
    """Check that the command ended with one line on standard error that has all ``words``."""
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit)
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("lockstep: ")
    for word in words:
        assert word in lines[0]
