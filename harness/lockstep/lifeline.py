"""Ties a process to its parent: it ends when that ends, by whatever cause."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
"""linux/prctl.h: the signal that a process gets when the thread that made it is gone."""
LOOK_SECONDS = 0.5


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
