"""A store that is under test itself: whatever it does wrong is a verdict of its case.

It is a class, ``Class(state)``, that keeps to ``OwnedStorage``: a store that holds ``state`` at
topoheight 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from lockstep.faults import UsageError
from lockstep.loading import imported
from lockstep_ledger.model import State
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import OwnedStorage

RIGHT_STORAGE = f"{MemoryStorage.__module__}:{MemoryStorage.__qualname__}"
"""The store of ours that is right, by the name under which it is tested like any other."""


class StoresUnderTest:
    """Every case gets a store of the class called ``name``, written ``module:Class``.

    A step may take ``deadline`` seconds beside those of the executor. Raises ``UsageError`` if
    there is no such class.
    """

    def __init__(self, name: str, deadline: float) -> None:
        self.name = name
        self.deadline: float | None = deadline
        self._open = cast("Callable[[State], OwnedStorage]", imported(name, "storage"))
        if not isinstance(self._open, type):
            raise UsageError(f"storage {name} is no class")

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        """Give a store that holds ``state``."""
        yield self._open(state)
