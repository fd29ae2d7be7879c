"""The ledger behind the endpoints: one state, and the executor that works on it.

Invariant: a request that fails, in whatever way, leaves the state as it was; the state is as large
after a thousand blocks as its accounts are, for no older version of it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockstep.targets.inside import InsideTarget
from lockstep.targets.labu.documents import SCHEME
from lockstep.targets.named import find_inside
from lockstep.targets.reference import REFERENCE, ReferenceExecutor
from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.digest import state_digest
from lockstep_ledger.model import Chain, ChainId, Policy, State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_parallel.steps.drivers.scheduled import Scheduled

EMPTY = State(Chain(ChainId.DEVNET), {})


def served(name: str) -> InsideTarget:
    """Return the executor to serve. Raises ``UsageError`` if there is none of that name."""
    return InsideTarget(REFERENCE, ReferenceExecutor) if name == REFERENCE else find_inside(name)


@dataclass(frozen=True, slots=True)
class Executed:
    """What executing gave: the outcome, and the digest of the state as it is now."""

    outcome: Outcome
    digest: str


class Ledger:
    """A state under one executor; empty at first. Not for several threads at once."""

    def __init__(self, target: InsideTarget, workers: int) -> None:
        self.state = EMPTY
        self._executor = target.build(SCHEMES[SCHEME], workers)

    def digest(self) -> str:
        """Return the digest of the state, in hex."""
        return state_digest(self.state).hex()

    def execute(self, envelopes: Sequence[Envelope], *, advances_height: bool) -> Executed:
        """Execute an atomic block without rewards whose fees vanish, and keep what it changed.

        Raises whatever the executor raises.
        """
        block = Block(tuple(envelopes), Policy.ATOMIC, advances_height=advances_height)
        storage = MemoryStorage(self.state)
        outcome = self._executor.execute(block, storage, Scheduled())
        if outcome.faults:
            raise ExecutorFault("; ".join(each.error for each in outcome.faults))
        self._executor.merge(outcome.changes, storage, storage.topoheight + 1)
        self.state = storage.export()
        return Executed(outcome, self.digest())


class ExecutorFault(Exception):
    """The served executor reported a crash inside a transaction."""
