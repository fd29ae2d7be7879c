"""Checks that a step touches only what it announced.

Invariant: while a driver says which operation is being carried out, an access to a key outside it,
or a write under a read, raises ``UnannouncedAccess``. Without that no schedule search is sound: it
takes two steps to be independent because of what they announced.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import TypeVar

from lockstep_parallel.steps.ops import Key, Kind, Operation

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

NOTHING = Operation(Kind.READ, (), "nothing announced")
"""What is announced before a task's first operation."""


class UnannouncedAccess(AssertionError):
    """A step touched shared state that its operation does not name."""


class Watch:
    """The operation being carried out; None when nothing is watched, as under real threads.

    ``held`` is None unless someone observes values. Then every cell and table that is made enters
    itself under its name: a function that says, unwatched, what a location holds now.
    """

    __slots__ = ("held", "operation")

    def __init__(self) -> None:
        self.operation: Operation | None = None
        self.held: dict[Hashable, Callable[[Key], object]] | None = None


WATCH = Watch()


def check(key: Key, *, writing: bool) -> None:
    """Raise ``UnannouncedAccess`` unless the current operation covers this access."""
    operation = WATCH.operation
    if operation is None:
        return
    if key not in operation.keys or (writing and operation.kind is Kind.READ):
        verb = "wrote" if writing else "read"
        raise UnannouncedAccess(f"{verb} {key[0]} under {operation.label}, which does not name it")


class Watched(dict[K, V]):
    """The contents of a shared table: every access is checked against the announcement.

    ``dict.get(self, ...)`` and its like instead of ``super()``, and no call where nothing is
    watched: every step would pay for both.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def fill(self, key: K, value: V) -> V:
        """Keep a value loaded from below, as a read may; an existing one stays."""
        if WATCH.operation is not None:
            check((self._name, key), writing=False)
        return dict.setdefault(self, key, value)

    def __getitem__(self, key: K) -> V:
        if WATCH.operation is not None:
            check((self._name, key), writing=False)
        return dict.__getitem__(self, key)

    def __setitem__(self, key: K, value: V) -> None:
        if WATCH.operation is not None:
            check((self._name, key), writing=True)
        dict.__setitem__(self, key, value)

    def __delitem__(self, key: K) -> None:
        check((self._name, key), writing=True)
        super().__delitem__(key)

    def __contains__(self, key: object) -> bool:
        if WATCH.operation is not None:
            check((self._name, key), writing=False)
        return dict.__contains__(self, key)

    def __iter__(self) -> Iterator[K]:
        for key in super().__iter__():
            check((self._name, key), writing=False)
            yield key

    def get(self, key: K, default: V | None = None) -> V | None:  # type: ignore[override]
        """Return the value of ``key``, else ``default``."""
        if WATCH.operation is not None:
            check((self._name, key), writing=False)
        return dict.get(self, key, default)

    def update(self, entries: Mapping[K, V]) -> None:  # type: ignore[override]
        """Set all of ``entries``."""
        if WATCH.operation is not None:
            for key in entries:
                check((self._name, key), writing=True)
        dict.update(self, entries)
