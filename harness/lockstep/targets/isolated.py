"""Executors of this package, or of a user's module, in a process of their own.

What they do to their process is then one verdict of one case, as with any program; their
interleavings are their own. Invariant: lockstep itself is not looked for in the current folder,
where a package of that name may be anybody's.
"""

from __future__ import annotations

import sys

from lockstep.targets.program.program import Program
from lockstep.targets.program.target import ProgramTarget


class IsolatedTarget(ProgramTarget):
    """The executor called ``name``, served over standard streams."""

    def __init__(self, name: str) -> None:
        words = ("-P", "-m", "lockstep", "serve", "--stdio", "--executor", name)
        super().__init__(name, Program((sys.executable, *words)))
