"""Time limits on code that nobody asked to keep them: the whole budget, and one execution.

Invariant: within a second of its limit, an exception is raised in the main thread wherever that
is, and again every second while it goes on. Code that never comes back to Python cannot be reached
this way: that takes a process of its own. Code that takes every exception for nothing ends this
process. An execution is not late because the process was stopped
meanwhile, as Ctrl-Z does.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from lockstep.undisturbed import FAULT, ask_to_end, disturb, is_to_end
from lockstep_parallel.steps.drivers.protocol import Hang

TICK = 0.25
AGAIN = 1.0
"""Seconds after which an exception that was swallowed is raised once more."""
VAIN = 2
"""How often one execution may take such an exception for nothing."""
SHOWN_FRAMES = 4
MOST_AT_ONCE = 0.5
"""The share of a deadline that passes between two looks at most: nobody looks while stopped."""

LATE = "no outcome within"
"""How the text of a hang begins that was ended by its deadline."""


class TimeOver(BaseException):
    """The budget is spent; no case is at fault."""


class Late(Hang):
    """An execution has not come back within its deadline; the text says where it is."""


@dataclass(slots=True)
class Execution:
    """One under way: how much of its deadline had passed when it was last looked at."""

    deadline: float
    looked: float
    passed: float = 0.0
    told: int = 0
    told_at: float = -AGAIN

    def look(self, now: float) -> bool:
        """Tell whether it is late now."""
        self.passed += min(now - self.looked, MOST_AT_ONCE * self.deadline)
        self.looked = now
        if self.passed < self.deadline:
            return False
        self.passed = self.deadline - AGAIN
        return True

    def tell(self, now: float) -> bool:
        """Tell whether it may still be told to end, and count."""
        self.told, self.told_at = self.told + 1, now
        return self.told <= VAIN


_until: float | None = None
_execution: Execution | None = None


@contextmanager
def watching(until: float | None = None) -> Iterator[None]:
    """Keep the limits inside; ``until`` is a moment of ``time.monotonic``.

    Does nothing outside the main thread, or where there are no interval timers.
    """
    global _until, _execution
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
        _until, _execution = outer, None
        if before in (signal.SIG_DFL, signal.SIG_IGN, None):
            signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)


@contextmanager
def executing(deadline: float) -> Iterator[None]:
    """Let what is executed inside take so many seconds; then ``Late`` is raised in it.

    What has a limit of its own in there does not count.
    """
    global _execution
    outer, started = _execution, time.monotonic()
    _execution = Execution(deadline, started)
    try:
        yield
    finally:
        if outer is not None:
            outer.looked += time.monotonic() - started
        _execution = outer


def _tick(_number: int, frame: FrameType | None) -> None:
    global _until
    now = time.monotonic()
    if _until is not None and now >= _until:
        _until = now + AGAIN
        _insist(now, frame)
        disturb(TimeOver())
    elif _execution is not None and is_to_end() and now >= _execution.told_at + AGAIN:
        _insist(now, frame)
        ask_to_end()
    elif _execution is not None and _execution.look(now):
        _insist(now, frame)
        raise Late(f"{LATE} {_execution.deadline:g} s, in {_where(frame)}")


def _insist(now: float, frame: FrameType | None) -> None:
    """End this process where an execution has taken everything it was told for nothing."""
    if _execution is None or _execution.tell(now):
        return
    text = f"\nlockstep: what is executed takes no exception and is ended, in {_where(frame)}\n"
    os.write(2, text.encode(errors="backslashreplace"))
    os._exit(FAULT)


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
