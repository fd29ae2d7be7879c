"""What the interpreter allows: whether threads run Python code at the same time."""

from __future__ import annotations

import sys


def gil_is_on() -> bool:
    """Tell whether a lock lets one thread at a time run Python code.

    Only builds that can run without it (3.13 and later) can say otherwise.
    """
    enabled: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
    return enabled
