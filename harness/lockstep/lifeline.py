"""Ties a process to its parent: it ends when that ends, by whatever cause."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from multiprocessing.context import SpawnProcess
from typing import Any

PR_SET_PDEATHSIG = 1
"""linux/prctl.h: the signal that a process gets when the thread that made it is gone."""
LOOK_SECONDS = 0.5


class TiedProcess(SpawnProcess):
    """A process tied to the one that starts it, before it has loaded what it is to do."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._tie = _Tie()  # before all else: so it travels, and is made in the new process
        super().__init__(*arguments, **named)


class _Tie:
    def __reduce__(self) -> tuple[object, ...]:
        return end_with_parent, (os.getpid(),)


def end_with_parent(parent: int) -> None:
    """Have this process killed when ``parent``, which made it, is gone.

    Where the system cannot do that, a thread looks now and then.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_look, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _look(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os._exit(1)
