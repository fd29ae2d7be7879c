"""Faults of who waits for whom, and of what a failure does to the others, in the dag executor."""

from __future__ import annotations

from lockstep_ledger.block import Block
from lockstep_mutants.races import receivers
from lockstep_parallel.executors.dag import Dag
from lockstep_parallel.executors.turns import NOBODY
from lockstep_parallel.rules.access import AccessList
from lockstep_parallel.rules.state import BlockState


class DestinationsNotQueued(Dag):
    """X12a, dag: a transaction queues up at its source only."""

    name = "destinations-not-queued"

    def access_lists(self, block: Block, state: BlockState) -> list[AccessList]:
        """Return the access lists without the receivers of transfers."""
        lists = super().access_lists(block, state)
        return [
            access - receivers(envelope, 0)
            for access, envelope in zip(lists, block.transactions, strict=True)
        ]


class AnyFailureStops(Dag):
    """X30: a failure stops every transaction not yet begun, those before it included."""

    name = "any-failure-stops"

    def spares(self, index: int, failed: int) -> bool:  # noqa: ARG002 - where it stands is the fault
        """Spare all once something has failed."""
        return failed != NOBODY
