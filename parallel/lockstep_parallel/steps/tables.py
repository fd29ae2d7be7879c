"""Shared values: cells and tables whose every touch is an announced operation.

Invariant: an effect that reads and writes is one step under a lock, so it is atomic under real
threads too; every access is watched against the announcement it happens under.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

from lockstep_parallel.steps.ops import Key, Kind, op
from lockstep_parallel.steps.watch import WATCH, Watched, check

V = TypeVar("V")
_MISSING: Any = object()


class Cell(Generic[V]):
    """One shared value."""

    __slots__ = ("_lock", "_value", "keys")

    def __init__(self, name: str, value: V) -> None:
        self.keys: tuple[Key, ...] = ((name,),)
        self._value = value
        self._lock = Lock()
        if WATCH.held is not None:
            WATCH.held[name] = self.held

    def held(self, _key: Key) -> V:
        """Return what an observer sees, unaudited."""
        return self._value

    @property
    def value(self) -> V:
        """The value, for a step whose operation names this cell, or where no task runs."""
        check(self.keys[0], writing=False)
        return self._value

    @value.setter
    def value(self, value: V) -> None:
        check(self.keys[0], writing=True)
        self._value = value

    async def read(self, label: str) -> V:
        """Return the value."""
        await op(Kind.READ, self.keys, label)
        return self.value

    async def write(self, value: V, label: str) -> None:
        """Replace the value."""
        await op(Kind.WRITE, self.keys, label)
        with self._lock:
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
        self.values: Watched[K, V] = Watched(name)
        self._lock = Lock()
        if WATCH.held is not None:
            WATCH.held[name] = self.held

    def held(self, key: Key) -> V | None:
        """Return what an observer sees there, unaudited; nothing is loaded for it."""
        held: dict[Any, V] = self.values
        return dict.get(held, key[1])

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
        value: Any = self.values.get(key, _MISSING)
        return self.values.fill(key, load(key)) if value is _MISSING else value
