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

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
SAME_SECONDS = 0.3
"""Signals so close together are one: a terminal and a parent may both pass it on."""
AT_ONCE = 3
"""The exit code of a fault, which an end in the middle is."""

_first: float | None = None


@contextmanager
def signals_handled() -> Iterator[None]:
    """Let every signal that asks for an end raise ``KeyboardInterrupt`` inside."""
    global _first
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _first = None
    before = {each: signal.getsignal(each) for each in SIGNALS}
    for each in SIGNALS:
        if before[each] is not signal.SIG_IGN:
            signal.signal(each, _asked)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler if handler is not None else signal.SIG_DFL)


def _asked(_number: int, _frame: FrameType | None) -> None:
    global _first
    now = time.monotonic()
    if _first is None:
        _first = now
        raise KeyboardInterrupt
    if now - _first >= SAME_SECONDS:
        sys.stderr.write("\nlockstep: ended at once\n")
        sys.stderr.flush()
        os._exit(AT_ONCE)
