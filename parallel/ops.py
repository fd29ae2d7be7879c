"""The only functions that suspend: every touch of shared state is announced before its effect.

Invariant: between two announcements a coroutine runs alone under the ``scheduled`` driver, and
each announced effect is atomic under the ``threads`` driver. So an announcement names all keys
its effect touches, and an effect that both reads and writes is one operation, never two.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass
from enum import Enum
from threading import Lock
from types import coroutine
from typing import Generic, TypeAlias, TypeVar

Key: TypeAlias = tuple[Hashable, ...]
"""Names one shared location, as ``("nonce", address)``."""

V = TypeVar("V")


class Kind(Enum):
    """What an operation does to its keys.

    Two operations conflict if they share a key, unless both READ or both ADD.
    """

    READ = "read"
    WRITE = "write"
    ADD = "add"


@dataclass(frozen=True, slots=True)
class Operation:
    """An announced step. ``guard``, if given, must hold before the step may be taken."""

    kind: Kind
    keys: tuple[Key, ...]
    label: str
    guard: Callable[[], bool] | None = None


@coroutine
def op(
    kind: Kind, keys: tuple[Key, ...], label: str, guard: Callable[[], bool] | None = None
) -> Generator[Operation, None, None]:
    """Announce the step that follows; the driver resumes the caller when the step is its turn."""
    yield Operation(kind, keys, label, guard)


class Cell(Generic[V]):
    """One shared value."""

    __slots__ = ("_lock", "keys", "value")

    def __init__(self, name: str, value: V) -> None:
        self.keys: tuple[Key, ...] = ((name,),)
        self.value = value
        self._lock = Lock()

    async def read(self, label: str) -> V:
        """Return the value."""
        await op(Kind.READ, self.keys, label)
        return self.value

    async def write(self, value: V, label: str) -> None:
        """Replace the value."""
        await op(Kind.WRITE, self.keys, label)
        self.value = value

    async def update(self, change: Callable[[V], V], label: str, kind: Kind = Kind.WRITE) -> V:
        """Replace the value by ``change(value)`` in one step and return the new one."""
        await op(kind, self.keys, label)
        with self._lock:
            self.value = change(self.value)
            return self.value


K = TypeVar("K", bound=Hashable)


class Table(Generic[K, V]):
    """A shared mapping; each of its keys is a location of its own."""

    __slots__ = ("_lock", "name", "values")

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: dict[K, V] = {}
        self._lock = Lock()

    def key(self, key: K) -> Key:
        """Return the location that announcements name for ``key``."""
        return (self.name, key)

    async def get(self, key: K, label: str) -> V | None:
        """Return the value of ``key``, None if it has none."""
        await op(Kind.READ, ((self.name, key),), label)
        return self.values.get(key)

    async def put(self, key: K, value: V, label: str) -> None:
        """Set the value of ``key``."""
        await op(Kind.WRITE, ((self.name, key),), label)
        self.values[key] = value

    async def get_or_load(self, key: K, load: Callable[[K], V], label: str) -> V:
        """Return the value of ``key``, loading it in the same step if there is none yet."""
        await op(Kind.READ, ((self.name, key),), label)
        try:
            return self.values[key]
        except KeyError:
            return self.values.setdefault(key, load(key))
