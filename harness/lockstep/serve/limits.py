"""What clients can make a server hold and wait for: the limits, and the memory they share.

Invariant: the bodies and answers in memory at one time never add up to more than the room there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from lockstep.serve.endpoints import BODY_LIMIT


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at once, in connections and bytes, and how long, in seconds."""

    connections: int = 64
    body: int = BODY_LIMIT
    held: int = 2 * BODY_LIMIT
    """Bytes of all bodies and answers in memory together."""
    head: int = 64 * 1024
    idle: float = 60.0
    """From one request to the first byte of the next."""
    request: float = 30.0
    """From the first byte of a request to its last."""
    answer: float = 30.0
    """From the first byte of an answer to its last."""
    linger: float = 1.0
    """After a refusal, so that the client gets to read it."""


class Room:
    """A number of bytes, of which everybody takes as long as there are some."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = Lock()

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Give a share, which is empty again at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            share.become(0)

    def _exchange(self, taken: int) -> bool:
        with self._lock:
            fits = taken <= self._left
            if fits:
                self._left -= taken
        return fits


class Share:
    """What one connection holds of the room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0

    def become(self, size: int) -> bool:
        """Hold ``size`` bytes from now on; tell whether there is room for them."""
        fits = self._room._exchange(size - self._size)  # noqa: SLF001 - a part of it
        if fits:
            self._size = size
        return fits
