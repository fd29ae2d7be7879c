"""Faults where credits commute: an order that is missed, a limit, an addition that is none."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import Address
from lockstep_parallel.executors.credits import BatchedCredits, CreditOverlay, CreditState
from lockstep_parallel.rules.access import AccessList, Credit
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.ops import Kind, op


class CreditEdgeMissing(BatchedCredits):
    """X12c: a credit and a later transaction of the account credited are no conflict."""

    name = "credit-edge-missing"

    def access_lists(self, block: Block, state: BlockState) -> list[AccessList]:
        """Return the access lists without the credits."""
        return [
            frozenset(each for each in access if not isinstance(each, Credit))
            for access in super().access_lists(block, state)
        ]


class _AddsInTwoSteps(CreditState):
    async def publish(self, overlay: Overlay) -> None:
        """Read the balances in one step and write their sums in another."""
        assert isinstance(overlay, CreditOverlay)
        added, overlay.additions = overlay.additions, {}
        await super().publish(overlay)
        if added:
            await op(Kind.READ, self.credited_keys(added), "balance")
            sums = {key: self.balances.current(key) + amount for key, amount in added.items()}
            await op(Kind.WRITE, self.credited_keys(added), "credit")
            self.balances.values.update(sums)
            self.existence.values.update(dict.fromkeys((key[0] for key in added), True))


class CreditUpdateLost(BatchedCredits):
    """X28, credit: a balance is read, then written with the credit in a step of its own."""

    name = "credit-update-lost"
    state_class = _AddsInTwoSteps


class CreditsUnlimited(BatchedCredits):
    """X29: credits commute whatever they sum up to, so none is checked against the limit."""

    name = "credits-unlimited"

    def crowded(self, transactions: Sequence[Envelope], state: BlockState) -> frozenset[Address]:  # noqa: ARG002 - nothing is looked at
        """Find room for everything everywhere."""
        return frozenset()
