"""How a command is asked to end: the first signal as Ctrl-C does it, a second one at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lockstep.undisturbed import FAULT, ask_to_end, forget_to_end

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
SAME_SECONDS = 0.3
"""Signals so close together are one: a terminal and a parent may both pass it on."""

_handled = False
_first: float | None = None


@contextmanager
def signals_handled() -> Iterator[None]:
    """Let every signal that asks for an end raise ``KeyboardInterrupt`` inside, once.

    Those that whoever started this process ignores, as ``nohup`` does, stay ignored.
    """
    global _handled, _first
    if _handled or threading.current_thread() is not threading.main_thread():
        yield
        return
    _handled, _first = True, None
    before = {each: signal.getsignal(each) for each in SIGNALS}
    try:
        for each in not_ignored():
            signal.signal(each, _asked)
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler if handler is not None else signal.SIG_DFL)
        forget_to_end()
        _handled = False


def not_ignored() -> list[signal.Signals]:
    """Return the signals that ask for an end and are not ignored."""
    return [each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]


@contextmanager
def signals_waiting() -> Iterator[None]:
    """Let signals that ask for an end wait until it is set up what they do."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _asked(_number: int, _frame: FrameType | None) -> None:
    global _first
    now = time.monotonic()
    if _first is None:
        _first = now
        ask_to_end()
    elif now - _first >= SAME_SECONDS:
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, b"\nlockstep: ended at once\n")
        os._exit(FAULT)
