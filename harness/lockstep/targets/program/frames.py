"""Frames over a stream: 4 bytes of length, little-endian, then so many bytes of JSON.

Invariant: nothing is reserved for a length that is merely claimed; a length of 0 is a frame.
"""

from __future__ import annotations

from struct import Struct
from typing import BinaryIO

LENGTH = Struct("<I")


class FrameError(ValueError):
    """The stream does not go on with a whole frame that may be read."""


class OversizeError(FrameError):
    """A length above what is taken; the stream behind it cannot be trusted."""


class TruncatedError(FrameError):
    """The stream ends inside a frame."""


def packed(payload: bytes) -> bytes:
    """Return ``payload`` as a frame."""
    return LENGTH.pack(len(payload)) + payload


def read_frame(stream: BinaryIO, maximum: int) -> bytes | None:
    """Return the payload of the next frame, None at the end of the stream.

    Raises ``OversizeError`` for a length above ``maximum``, ``TruncatedError`` if it ends early.
    """
    header = _read(stream, LENGTH.size)
    if not header:
        return None
    if len(header) < LENGTH.size:
        raise TruncatedError(f"the stream ends after {len(header)} of {LENGTH.size} length bytes")
    (length,) = LENGTH.unpack(header)
    if length > maximum:
        raise OversizeError(f"a frame of {length} bytes, above {maximum}")
    payload = _read(stream, length)
    if len(payload) < length:
        raise TruncatedError(f"the stream ends after {len(payload)} of {length} bytes")
    return payload


def write_frame(stream: BinaryIO, payload: bytes) -> None:
    """Write ``payload`` as a frame and flush."""
    stream.write(packed(payload))
    stream.flush()


def _read(stream: BinaryIO, length: int) -> bytes:
    """Read ``length`` bytes, or what there is up to the end of the stream."""
    return stream.read(length)
