"""An executor that a fault is planted in and that has none: a cache from block to block.

Invariant: what the cache holds is what storage holds. Other paths change storage too, and rewinds
take blocks back, so all that is known of it is compared before a block begins; a real executor
would be told.
"""

from __future__ import annotations

from typing import Any

from lockstep_ledger.block import Block
from lockstep_ledger.outcome import NO_CHANGES, Changes
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.executors.optimistic.chain import Value
from lockstep_parallel.executors.optimistic.memory import Location
from lockstep_parallel.executors.optimistic.rounds import OptimisticByRounds
from lockstep_parallel.rules.state import BlockState, Tracked
from lockstep_parallel.steps.drivers.protocol import Driver


class CachingRounds(OptimisticByRounds):
    """The optimistic executor in rounds with a cache from block to block.

    ``known`` is what was read of ``chain`` and merged into it, ``cache`` what the next block
    starts with, ``filling`` what that will be once the block that was last executed to its end, on
    ``latest``, is merged. A loaded value never replaces one that is there, a written one does.
    """

    name = "caching-rounds"

    def __init__(self, scheme: Scheme, workers: int = 4, retries: int | None = None) -> None:
        super().__init__(scheme, workers, retries)
        self.chain: Reader | None = None
        self.known: dict[Location, Value] = {}
        self.cache: dict[Location, Value] = {}
        self.filling: dict[Location, Value] = {}
        self.latest: BlockState | None = None

    def run(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Run the transactions on a state that has what the cache holds."""
        if state.storage is not self.chain or not self.holds(state):
            self.known, self.cache = {}, {}
        self.chain, self.latest, self.filling = state.storage, None, dict(self.cache)
        for table in tables_of(state):
            for location, value in self.cache.items():
                if location[0] == table.name:
                    table.originals.setdefault(location[1], value)
        results = super().run(block, state, driver)
        self.latest = state
        return results

    def holds(self, state: BlockState) -> bool:
        """Tell whether storage still holds all that is known of it."""
        fresh = self.state_class(state.storage)
        tables = {table.name: table for table in tables_of(fresh)}
        return all(
            tables[str(name)].original(key) == each for (name, key), each in self.known.items()
        )

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write the block's changes, then fill the cache; a block that changed nothing does not."""
        super().merge(changes, storage, topoheight)
        if self.latest is None or changes == NO_CHANGES:
            return
        self.cache = self.filling
        for table in tables_of(self.latest):
            for key, value in table.originals.items():
                self.cache.setdefault(table.key(key), value)
                self.known.setdefault(table.key(key), value)
            for key, value in table.values.items():
                self.cache[table.key(key)] = self.known[table.key(key)] = value
        self.latest = None


def tables_of(state: BlockState) -> tuple[Tracked[Any, Any], ...]:
    """Return the tables over columns of storage."""
    return state.existence, state.nonces, state.balances, state.multisigs, state.energies
