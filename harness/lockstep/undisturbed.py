"""Short work that nothing breaks off: an end that is asked for meanwhile comes right after it.

Invariant: what ``disturb`` is given is raised in the main thread, at once or when the work that is
not to be disturbed is done; of several only the last.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

FAULT = 3
"""The exit code of a fault, which an end in the middle is; here before other codes are loaded."""


class AskedToEnd(KeyboardInterrupt):
    """Whoever runs this process wants it to end: code under test may raise the other kind."""


_depth = 0
_asked = False
_held: BaseException | None = None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back inside what would break off the main thread; other threads are not broken off."""
    global _depth
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth:
            _let_go()


def is_undisturbed() -> bool:
    """Tell whether such work is going on."""
    return _depth > 0


def ask_to_end() -> None:
    """Raise ``AskedToEnd`` as ``disturb`` does; from now on this process is to end."""
    global _asked
    _asked = True
    disturb(AskedToEnd())


def is_to_end() -> bool:
    """Tell whether this process was asked to end."""
    return _asked


def forget_to_end() -> None:
    """Let a process go on that was asked to end, as the next command in it does."""
    global _asked
    _asked = False


def was_asked(error: BaseException) -> bool:
    """Tell whether ``error`` is an interrupt from outside, not what code raised by itself.

    Where nobody handles signals, Python's own answer to Ctrl-C is from outside.
    """
    if not isinstance(error, KeyboardInterrupt):
        return False
    of_python = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return isinstance(error, AskedToEnd) or of_python


def disturb(error: BaseException) -> None:
    """Raise ``error``, which a signal handler wants to, as soon as that does no harm."""
    global _held
    if not _depth:
        raise error
    _held = error


def _let_go() -> None:
    global _held
    error, _held = _held, None
    if error is not None:
        raise error
