"""The chain as it should be: every state from genesis on, by the reference alone."""

from __future__ import annotations

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep
from lockstep.compare.post_state import post_state
from lockstep_ledger.model import State
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference.block import execute


class Oracle:
    """The states of a chain; the last one is the newest."""

    def __init__(self, genesis: State, scheme: str) -> None:
        self._states = [genesis]
        self._scheme = scheme

    @property
    def newest(self) -> State:
        """Return the state after the newest block."""
        return self._states[-1]

    @property
    def blocks(self) -> int:
        """Return how many blocks the chain has."""
        return len(self._states) - 1

    def apply(self, step: BlockStep) -> State:
        """Put a block on the chain and return the state after it."""
        block = realise(step, self._scheme)
        outcome = execute(block, MemoryStorage(self.newest), SCHEMES[self._scheme])
        self._states.append(post_state(self.newest, outcome.changes))
        return self.newest

    def rewind(self, blocks: int) -> State:
        """Take back the newest ``blocks`` blocks and return the state that is left."""
        assert 0 < blocks <= self.blocks, f"a rewind by {blocks} of {self.blocks} blocks"
        del self._states[-blocks:]
        return self.newest
