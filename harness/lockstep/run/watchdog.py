"""Time limits on code that nobody asked to keep them: the whole budget, and one execution.

Invariant: within a second of its limit, an exception is raised in the main thread wherever that
is, and again every second while it goes on. Code that never comes back to Python cannot be reached
this way: that takes a process of its own.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lockstep.undisturbed import disturb
from lockstep_parallel.steps.drivers.protocol import Hang

TICK = 0.25
AGAIN = 1.0
"""Seconds after which an exception that was swallowed is raised once more."""
SHOWN_FRAMES = 4


LATE = "no outcome within"
"""How the text of a hang begins that was ended by its deadline."""


class TimeOver(BaseException):
    """The budget is spent; no case is at fault."""


class Late(Hang):
    """An execution has not come back within its deadline; the text says where it is."""


_until: float | None = None
_late_at: float | None = None
_deadline = 0.0


@contextmanager
def watching(until: float | None = None) -> Iterator[None]:
    """Keep the limits inside; ``until`` is a moment of ``time.monotonic``.

    Does nothing outside the main thread, or where there are no interval timers.
    """
    global _until, _late_at
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield
        return
    before = signal.signal(signal.SIGALRM, _tick)
    outer, _until = _until, until
    signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
    try:
        yield
    finally:
        _until, _late_at = outer, None
        if before in (signal.SIG_DFL, signal.SIG_IGN, None):
            signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)


@contextmanager
def executing(deadline: float) -> Iterator[None]:
    """Let what is executed inside take so many seconds; then ``Late`` is raised in it.

    What has a limit of its own in there does not count.
    """
    global _late_at, _deadline
    outer, started = (_late_at, _deadline), time.monotonic()
    _late_at, _deadline = started + deadline, deadline
    try:
        yield
    finally:
        late_at, _deadline = outer
        _late_at = None if late_at is None else late_at + time.monotonic() - started


def _tick(_number: int, frame: FrameType | None) -> None:
    global _until, _late_at
    now = time.monotonic()
    if _until is not None and now >= _until:
        _until = now + AGAIN
        disturb(TimeOver())
        return
    if _late_at is not None and now >= _late_at:
        _late_at = now + AGAIN
        raise Late(f"{LATE} {_deadline:g} s, in {_where(frame)}")


def _where(frame: FrameType | None) -> str:
    """Return the innermost frames that are of interest: those of threads, if there are any."""
    threads = [
        sys._current_frames().get(each.ident or 0)  # noqa: SLF001 - there is no other way to see them
        for each in threading.enumerate()
        if each.name.startswith("lockstep")
    ]
    shown = [_frames(each) for each in (threads or [frame]) if each is not None]
    return "; ".join(dict.fromkeys(shown)) or "an unknown place"


def _frames(frame: FrameType) -> str:
    innermost = traceback.extract_stack(frame)[-SHOWN_FRAMES:]
    return " < ".join(
        f"{each.name} ({each.filename.rpartition('/')[2]}:{each.lineno})"
        for each in reversed(innermost)
    )
