"""The ledger behind the endpoints: one state, and the executor that works on it.

Invariant: a request that fails, in whatever way, leaves the state as it was; the state is as large
after a thousand blocks as its accounts are, for no older version of it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockstep.targets.named import Target, find_inside
from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.digest import state_digest
from lockstep_ledger.model import Chain, ChainId, Policy, State
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from lockstep_reference import block as reference

SCHEME = "schnorr"
REFERENCE = "reference"
EMPTY = State(Chain(ChainId.DEVNET), {})


class ReferenceExecutor:
    """The reference in the shape of an executor, so that it can be served like one."""

    name = REFERENCE

    def __init__(self, scheme: Scheme, workers: int = 1) -> None:
        self._scheme = scheme
        self.workers = workers

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:  # noqa: ARG002
        """Execute ``block`` one transaction after another; the driver has nothing to drive."""
        return reference.execute(block, storage, self._scheme)

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write the block's changes."""
        storage.merge(changes, topoheight)


def served(name: str) -> Target:
    """Return the executor to serve. Raises ``UsageError`` if there is none of that name."""
    return Target(REFERENCE, ReferenceExecutor) if name == REFERENCE else find_inside(name)


@dataclass(frozen=True, slots=True)
class Executed:
    """What executing gave: the outcome, and the digest of the state as it is now."""

    outcome: Outcome
    digest: str


class Ledger:
    """A state under one executor; empty at first. Not for several threads at once."""

    def __init__(self, target: Target, workers: int) -> None:
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
