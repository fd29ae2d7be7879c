"""A bounded cache of decoded values that holds committed data only.

Invariant: every entry is the committed value of its key at ``generation``, the number of commits
the namespace has seen. A reader that was overtaken by a commit cannot put its old value in.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

MISSING: Any = object()
"""What ``CommittedCache.get`` returns for a key it does not hold; None is a value."""


class CommittedCache:
    """Least recently used first out, at most ``capacity`` entries; threads may share it."""

    __slots__ = ("_capacity", "_entries", "_lock", "generation")

    def __init__(self, capacity: int, generation: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[bytes, Any] = OrderedDict()
        self._lock = Lock()
        self.generation = generation

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes, generation: int) -> Any:
        """Return the value as of ``generation``, ``MISSING`` if it is not held."""
        with self._lock:
            if generation != self.generation or key not in self._entries:
                return MISSING
            self._entries.move_to_end(key)
            return self._entries[key]

    def fill(self, key: bytes, value: object, generation: int) -> None:
        """Keep a value read from the store; ignored if a commit came in since ``generation``."""
        with self._lock:
            if generation == self.generation:
                self._put(key, value)

    def commit(self, values: Mapping[bytes, object], generation: int) -> None:
        """Move to ``generation``, in which exactly ``values`` were written."""
        with self._lock:
            self._advance(generation)
            for key, value in values.items():
                self._put(key, value)

    def invalidate(self, keys: Iterable[bytes], generation: int) -> None:
        """Move to ``generation``, in which exactly ``keys`` changed to values unknown here."""
        with self._lock:
            self._advance(generation)
            for key in keys:
                self._entries.pop(key, None)

    def reset(self, generation: int) -> None:
        """Move to ``generation``, in which anything may have changed."""
        with self._lock:
            self.generation = generation
            self._entries.clear()

    def _advance(self, generation: int) -> None:
        if generation != self.generation + 1:
            self._entries.clear()
        self.generation = generation

    def _put(self, key: bytes, value: object) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
