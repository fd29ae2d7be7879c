"""Faults that need an interleaving: conflicts that are missed, updates that are lost."""

from __future__ import annotations

from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import Transaction, Transfers
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.access import AccessList
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState


class DestinationsMissing(Batched):
    """X12a: destinations are left out of the access list."""

    name = "destinations-missing"

    def access_lists(self, block: Block, state: BlockState) -> list[AccessList]:
        """Return the access lists without the receivers of transfers."""
        lists = super().access_lists(block, state)
        return [
            access - receivers(envelope, 0)
            for access, envelope in zip(lists, block.transactions, strict=True)
        ]


class LaterDestinationsMissing(Batched):
    """X12b: only the first destination is in the access list."""

    name = "later-destinations-missing"

    def access_lists(self, block: Block, state: BlockState) -> list[AccessList]:
        """Return the access lists without the receivers after the first."""
        lists = super().access_lists(block, state)
        return [
            access - receivers(envelope, 1)
            for access, envelope in zip(lists, block.transactions, strict=True)
        ]


class _CountsApart(BlockState):
    async def publish(self, overlay: Overlay) -> None:
        """Read the counter in one step and write it in another."""
        if overlay.burning:
            counted = await self.burned.read("burned")
            await self.burned.write(counted + overlay.burning, "count")
            overlay.burning = 0
        await super().publish(overlay)


class CounterUpdateLost(Batched):
    """X28: the burned counter is read, then written in a step of its own."""

    name = "counter-update-lost"
    state_class = _CountsApart


def receivers(envelope: Envelope, skipped: int) -> AccessList:
    """Return the receivers of a transfer but the first ``skipped``; the source is none."""
    content = envelope.content
    if not isinstance(content, Transaction) or not isinstance(content.payload, Transfers):
        return frozenset()
    receivers = [output.destination for output in content.payload.outputs]
    return frozenset(receivers[skipped:]) - {content.source, *receivers[:skipped]}
