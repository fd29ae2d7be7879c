"""Errors that are neither a result nor a divergence, each with the exit code it ends with.

Invariant: the text is one harmless line, whatever had a word in it.
"""

from __future__ import annotations

from lockstep.foreign.text import shown

MOST = 2000
"""Characters of a text: room for a path and what is wrong with the file."""


class UsageError(Exception):
    """The user asked for something that cannot be: exit code 2."""

    def __init__(self, text: str) -> None:
        super().__init__(shown(text, MOST))


class HarnessFault(Exception):
    """The harness, its storage or the target's loading failed: exit code 3.

    The text says what was expected, what happened and where.
    """

    def __init__(self, text: str) -> None:
        super().__init__(shown(text, MOST))
