"""The only functions that suspend: every touch of shared state is announced before its effect.

Invariant: between two announcements a coroutine runs alone under the ``scheduled`` driver, and
each announced effect is atomic under the ``threads`` driver. So an announcement names all keys
its effect touches, and an effect that both reads and writes is one operation, never two.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from enum import Enum
from types import coroutine
from typing import NamedTuple, TypeAlias

Key: TypeAlias = tuple[Hashable, ...]
"""Names one shared location, as ``("nonce", address)``."""


class Kind(Enum):
    """What an operation does to its keys.

    Two operations conflict if they share a key, unless both READ or both ADD.
    """

    READ = "read"
    WRITE = "write"
    ADD = "add"


class Operation(NamedTuple):
    """An announced step. ``guard``, if given, must hold before the step may be taken."""

    kind: Kind
    keys: tuple[Key, ...]
    label: str
    guard: Callable[[], bool] | None = None


_new = tuple.__new__
"""Makes an operation without the constructor's own call, which every step would pay for."""


@coroutine
def op(
    kind: Kind, keys: tuple[Key, ...], label: str, guard: Callable[[], bool] | None = None
) -> Generator[Operation, None, None]:
    """Announce the step that follows; the driver resumes the caller when the step is its turn."""
    yield _new(Operation, (kind, keys, label, guard))
