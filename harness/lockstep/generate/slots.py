"""The bytes a case is decoded from: one header and one fixed-width slot per transaction.

Invariant: any bytes of the right lengths are a valid case, and all-zero bytes are the simplest one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

HEADER_LENGTH = 80
SLOT_LENGTH = 32
GOAL_AT = 72
"""Where a header says what a case is aimed at: behind all else that it says."""
GHOST_AT, REPEATS_AT = 31, 29
"""Where a slot says whether its failure is taken for a success, and what it repeats."""

T = TypeVar("T")


class Shape(Enum):
    """What kind of case the bytes are decoded into."""

    BOUNDARY = "boundary"
    DENSE = "dense"
    CHAIN = "chain"
    FAULT = "fault"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Draw:
    """The raw material of one case."""

    shape: Shape
    header: bytes
    slots: tuple[bytes, ...]


class Bytes:
    """A cursor over bytes that gives zeros past the end."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def byte(self) -> int:
        """Take the next byte."""
        position = self._position
        self._position = position + 1
        return self._data[position] if position < len(self._data) else 0

    def below(self, bound: int) -> int:
        """Take a number in 0..bound-1, bound at most 256."""
        return self.byte() * bound >> 8

    def number(self) -> int:
        """Take a 16-bit number."""
        return self.byte() << 8 | self.byte()

    def pick(self, weighted: tuple[T, ...]) -> T:
        """Take one of ``weighted``, in which a likely choice is repeated and the simplest first."""
        return weighted[self.byte() * len(weighted) >> 8]
