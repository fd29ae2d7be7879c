"""The chain as it should be: every state from the first on, by the oracle alone.

Invariant: it is computed from states that are held here, never from a store under test.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.compare.post_state import post_state
from lockstep.run.standard import BY_REFERENCE, Oracle
from lockstep_ledger.block import Block
from lockstep_ledger.model import ModelError, State
from lockstep_ledger.outcome import Outcome


class ExpectedChain:
    """The states of a chain, the newest last; its blocks are signed under ``scheme``."""

    def __init__(self, start: State, scheme: str, oracle: Oracle = BY_REFERENCE.oracle) -> None:
        self._states = [start]
        self._scheme = scheme
        self._oracle = oracle

    @property
    def newest(self) -> State:
        """The state after the newest block."""
        return self._states[-1]

    @property
    def blocks(self) -> int:
        """How many blocks the chain has, which is the topoheight of its newest state."""
        return len(self._states) - 1

    @property
    def states(self) -> Sequence[State]:
        """Every state, by topoheight."""
        return self._states

    def outcome(self, block: Block) -> Outcome:
        """Return what ``block`` gives on the newest state.

        Raises ``NoOutcome`` where the oracle gives none, ``HarnessFault`` when the reference
        breaks: that is no verdict.
        """
        return self._oracle.outcome(block, self.newest, self._scheme)

    def after(self, outcome: Outcome) -> State:
        """Return the newest state with the changes of ``outcome``."""
        return post_state(self.newest, outcome.changes)

    def add(self, state: State) -> None:
        """Put the block that leads to ``state`` on the chain."""
        self._states.append(state)

    def extend(self, block: Block) -> State:
        """Put ``block`` on the chain and return the state after it."""
        self.add(self.after(self.outcome(block)))
        return self.newest

    def rewind(self, blocks: int) -> State:
        """Take back the newest ``blocks`` blocks and return the state that is left.

        Raises ``ModelError`` where there are fewer.
        """
        if not 0 < blocks <= self.blocks:
            raise ModelError(f"a rewind by {blocks} where there are fewer blocks")
        del self._states[-blocks:]
        return self.newest
