"""The bytes of a process, as they went in and came out."""

from __future__ import annotations


class Tap:
    """Keeps the bytes of the newest process that it was given to."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.came = bytearray()

    def begin(self) -> None:
        """Keep the bytes of a new process, and those of the one before no longer."""
        self.sent.clear()
        self.came.clear()
