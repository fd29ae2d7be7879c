"""An executor that a fault is planted in and that has none: a cache from block to block.

Invariant: what the cache holds was committed, and is used at the height right after that alone; so
a rewind, another chain or a block that leaves the height where it was empties it.
"""

from __future__ import annotations

from typing import Any

from ledger.block import Block
from ledger.outcome import Changes
from ledger.signatures import Scheme
from ledger.storage.protocol import Reader, Storage
from parallel.block_executor import Result
from parallel.drivers.protocol import Driver
from parallel.optimistic.chain import Value
from parallel.optimistic.memory import Location
from parallel.optimistic.rounds import OptimisticByRounds
from parallel.state import BlockState, Tracked


class CachingRounds(OptimisticByRounds):
    """The optimistic executor in rounds with a cache from block to block.

    ``cache`` holds values of ``chain`` as committed at ``height``; ``filling`` is what it will be
    once the block that was last executed on ``latest`` is merged. A loaded value never replaces one
    that is there, a written one does.
    """

    name = "caching-rounds"

    def __init__(self, scheme: Scheme, workers: int = 4, retries: int | None = None) -> None:
        super().__init__(scheme, workers, retries)
        self.chain: Reader | None = None
        self.height = 0
        self.cache: dict[Location, Value] = {}
        self.filling: dict[Location, Value] = {}
        self.latest: BlockState | None = None

    def run(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Run the transactions on a state that has what the cache holds."""
        if state.storage is not self.chain or state.original_height != self.height:
            self.cache = {}
        self.chain, self.latest, self.filling = state.storage, state, dict(self.cache)
        for table in tables_of(state):
            for location, value in self.cache.items():
                if location[0] == table.name:
                    table.originals.setdefault(location[1], value)
        return super().run(block, state, driver)

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write the block's changes, then fill the cache; one that moves no height empties it."""
        super().merge(changes, storage, topoheight)
        assert self.latest is not None, "what is merged was executed"
        self.cache, self.height = {}, self.latest.original_height + changes.height
        if changes.height:
            self.cache = self.filling
            for table in tables_of(self.latest):
                for key, value in table.originals.items():
                    self.cache.setdefault(table.key(key), value)
                for key, value in table.values.items():
                    self.cache[table.key(key)] = value


def tables_of(state: BlockState) -> tuple[Tracked[Any, Any], ...]:
    """Return the tables over columns of storage."""
    return state.existence, state.nonces, state.balances, state.multisigs, state.energies
