"""Runs a command in a process of its own, so that whatever ends that process is told.

Invariant: the exit code is the command's own only if the command came to its own end; a process
that is ended by what it executes is a fault, whatever code it leaves. Both processes end together.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from lockstep.campaign.marker import left_behind
from lockstep.cli.ends import AT_ONCE, SIGNALS
from lockstep.lifeline import end_with_parent

DONE = b"done"


def supervise(command: Callable[[], None]) -> NoReturn:
    """Run ``command``, which ends by ``SystemExit``, in a child; exit with what it came to."""
    mine, its = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(mine)
        end_with_parent(parent)
        _run(command, its)
    os.close(its)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    for each in SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, pass_on)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if os.read(mine, len(DONE)) == DONE and code >= 0:
        sys.exit(code)
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    sys.stderr.write(f"lockstep: the process was ended from inside, {how}\n")
    for text in left_behind():
        sys.stderr.write(f"lockstep: it was at {text}; --isolate runs it apart\n")
    sys.exit(AT_ONCE)


def _run(command: Callable[[], None], done: int) -> NoReturn:
    code: object = 1
    try:
        command()
    except SystemExit as end:
        code = end.code
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                code = code or AT_ONCE
        os.write(done, DONE)
        os._exit(code if isinstance(code, int) else int(code is not None))
