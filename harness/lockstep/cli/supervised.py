"""Runs a command in a process of its own, so that whatever ends that process is told.

Invariant: the exit code is the command's own only if the command came to its own end; a process
that is ended by what it executes is a fault, whatever code it leaves. Both processes end together.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from lockstep.campaign.marker import left_behind
from lockstep.cli.ends import not_ignored, signals_waiting
from lockstep.lifeline import end_with_parent
from lockstep.undisturbed import FAULT

DONE = b"done"


def supervise(command: Callable[[], None]) -> NoReturn:
    """Run ``command``, which ends by ``SystemExit``, in a child; exit with what it came to."""
    mine, its = os.pipe()
    parent = os.getpid()
    passed_on: list[int] = []
    with signals_waiting():
        child = os.fork()
        if child:
            os.close(its)

            def pass_on(number: int, _frame: FrameType | None) -> None:
                passed_on.append(number)
                with suppress(ProcessLookupError):
                    os.kill(child, number)

            for each in not_ignored():
                signal.signal(each, pass_on)
    if not child:
        os.close(mine)
        end_with_parent(parent)
        _run(command, its)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    at = list(left_behind(child))
    if code >= 0 and _said(mine) == DONE:
        sys.exit(code)
    if len(passed_on) < 2 or code != FAULT:
        _tell(code, at)
    sys.exit(FAULT)


def _said(pipe: int) -> bytes:
    os.set_blocking(pipe, False)  # a process that the child left behind may hold the other end
    try:
        return os.read(pipe, len(DONE))
    except BlockingIOError:
        return b""


def _tell(code: int, at: list[str]) -> None:
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    sys.stderr.write(f"lockstep: the process was ended from inside, {how}\n")
    for text in at:
        sys.stderr.write(f"lockstep: it was at {text}; --isolate runs it apart\n")


def _run(command: Callable[[], None], done: int) -> NoReturn:
    code: object = FAULT
    try:
        command()
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        word = "interrupted"
        if not isinstance(error, KeyboardInterrupt):
            word = f"internal error: {type(error).__name__}"
        with suppress(OSError, ValueError):
            sys.stderr.write(f"lockstep: {word}\n")
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                code = code or FAULT
        with suppress(OSError):
            os.write(done, DONE)
        os._exit(code if isinstance(code, int) else FAULT * (code is not None))
