"""Errors that are neither a result nor a divergence, each with the exit code it ends with."""

from __future__ import annotations


class UsageError(Exception):
    """The user asked for something that cannot be: exit code 2."""


class HarnessFault(Exception):
    """The harness, its storage or the target's loading failed: exit code 3.

    The text says what was expected, what happened and where.
    """
