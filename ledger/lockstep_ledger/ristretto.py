"""The ristretto255 group of libsodium: the few operations that signatures need.

Invariant: every answer is exact, the identity (32 zero bytes) included, which libsodium's own
multiplication reports as an error. Native calls release the GIL. Source: RFC 9496; libsodium's
"Point*scalar multiplication" and "Ristretto" pages.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ctypes import CDLL, c_char, c_char_p, c_int
from ctypes.util import find_library
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from warnings import catch_warnings, simplefilter

ORDER = 2**252 + 27742317777372353535851937790883648493
"""The number of points of the group, L; scalars are canonical below it."""

POINT_LENGTH = 32
UNIFORM_LENGTH = 64
IDENTITY = bytes(POINT_LENGTH)

_PointBuffer = c_char * POINT_LENGTH


class GroupUnavailableError(RuntimeError):
    """No libsodium with ristretto255 can be loaded here."""


class Group:
    """The operations on compressed points, through one loaded libsodium.

    ``scalar`` arguments are integers in 0..ORDER-1; point arguments are 32 bytes.
    """

    __slots__ = ("_from_hash", "_is_valid_point", "_scalarmult", "_scalarmult_base", "_sub")

    def __init__(self, library: CDLL) -> None:
        if _native(library, "sodium_init", 0)() < 0:
            raise GroupUnavailableError("libsodium does not initialise")
        self._from_hash = _native(library, "crypto_core_ristretto255_from_hash", 2)
        self._is_valid_point = _native(library, "crypto_core_ristretto255_is_valid_point", 1)
        self._scalarmult = _native(library, "crypto_scalarmult_ristretto255", 3)
        self._scalarmult_base = _native(library, "crypto_scalarmult_ristretto255_base", 2)
        self._sub = _native(library, "crypto_core_ristretto255_sub", 3)

    def is_point(self, point: bytes) -> bool:
        """Tell whether ``point`` is the canonical form of a point; the identity is one."""
        return len(point) == POINT_LENGTH and self._is_valid_point(point) == 1

    def multiply(self, scalar: int, point: bytes) -> bytes | None:
        """Return ``scalar * point``, or None if ``point`` is no point."""
        if len(point) != POINT_LENGTH:
            return None
        product = _PointBuffer()
        if self._scalarmult(product, scalar.to_bytes(32, "little"), point) == 0:
            return product.raw
        # The same error stands for a bad point and for the identity as the result.
        return IDENTITY if self.is_point(point) else None

    def multiply_base(self, scalar: int) -> bytes:
        """Return ``scalar * G`` for the generator of the group."""
        product = _PointBuffer()
        if self._scalarmult_base(product, scalar.to_bytes(32, "little")) == 0:
            return product.raw
        return IDENTITY

    def subtract(self, minuend: bytes, subtrahend: bytes) -> bytes | None:
        """Return ``minuend - subtrahend``, or None if either is no point."""
        if len(minuend) != POINT_LENGTH or len(subtrahend) != POINT_LENGTH:
            return None
        difference = _PointBuffer()
        failed = self._sub(difference, minuend, subtrahend)
        return None if failed else difference.raw

    def from_uniform(self, uniform: bytes) -> bytes:
        """Return the point that 64 uniform bytes map to."""
        if len(uniform) != UNIFORM_LENGTH:
            raise ValueError(f"{len(uniform)} uniform bytes, not {UNIFORM_LENGTH}")
        point = _PointBuffer()
        self._from_hash(point, uniform)
        return point.raw


@lru_cache(maxsize=1)
def group() -> Group:
    """Return the group of this process: rbcl's libsodium, else one of the system."""
    try:
        return bundled_group()
    except (ImportError, OSError, RuntimeError) as bundled_error:
        try:
            return system_group()
        except (OSError, GroupUnavailableError) as system_error:
            raise GroupUnavailableError(
                f"rbcl: {bundled_error}; system libsodium: {system_error}"
            ) from system_error


def bundled_group() -> Group:
    """Return the group on the libsodium that the rbcl wheel carries."""
    with catch_warnings(), _unpacked_in_memory():
        # rbcl drops a temporary file unclosed while it is imported.
        simplefilter("ignore", ResourceWarning)
        from rbcl._sodium import _sodium, lib_path
    with suppress(OSError):
        # rbcl unpacks 2.8 MB for every process and never removes them; what is mapped stays.
        Path(lib_path).unlink(missing_ok=True)
    return Group(_sodium)


@contextmanager
def _unpacked_in_memory() -> Iterator[None]:
    """Let rbcl unpack where nothing stays that is killed meanwhile, if the system has such a place.

    It asks ``tempfile`` for a name, writes to it and loads what is there.
    """
    if not hasattr(os, "memfd_create"):
        yield
        return
    descriptor = os.memfd_create("libsodium")
    before = tempfile.NamedTemporaryFile
    place = SimpleNamespace(name=f"/proc/self/fd/{descriptor}")
    vars(tempfile)["NamedTemporaryFile"] = lambda **_: place
    try:
        yield
    finally:
        vars(tempfile)["NamedTemporaryFile"] = before
        os.close(descriptor)


def system_group() -> Group:
    """Return the group on the libsodium that the operating system carries."""
    name = find_library("sodium")
    if name is None:
        raise GroupUnavailableError("not installed")
    return Group(CDLL(name))


def _native(library: CDLL, name: str, pointers: int) -> Callable[..., int]:
    """Return a function of ``library`` that takes ``pointers`` byte pointers and returns an int.

    Subscription, unlike attribute access, gives a function object of our own, so rbcl's keep
    their argument types.
    """
    try:
        function: Any = library[name]
    except AttributeError as error:
        raise GroupUnavailableError(f"libsodium has no {name}") from error
    function.argtypes = [c_char_p] * pointers
    function.restype = c_int
    checked: Callable[..., int] = function
    return checked
