"""Where a record is decoded: the sender, the accounts around it, and what is believed of them."""

from __future__ import annotations

from dataclasses import dataclass

from harness.generate.accounts import Terms
from harness.generate.estimate import Estimate
from harness.generate.records import Shape
from ledger.model import Address

HOT_SHARE = 160
"""Out of 256: how often a dense case's hot account takes part."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The surroundings of one transaction; ``index`` counts the transactions before it."""

    terms: Terms
    estimate: Estimate
    shape: Shape
    index: int
    sender: Address

    def receiver(self, choice: int) -> Address:
        """Return the receiver that a byte picks: rarely the sender itself."""
        pool = self.terms.pool
        if self.shape is Shape.DENSE:
            pattern = self.terms.hot & 3
            if pattern == 1 and choice < HOT_SHARE:
                return pool[-1]
            if pattern >= 2 and choice < 200:
                return pool[(self.index + 1) % len(pool)]
        if choice >= 252:
            return self.sender
        others = self.others()
        return others[choice * len(others) // 252]

    def others(self) -> list[Address]:
        """Return the accounts of the case but the sender's."""
        return [each for each in self.terms.pool if each != self.sender]


def pick_sender(choice: int, terms: Terms, estimate: Estimate, shape: Shape, index: int) -> Address:
    """Return the sender that a byte picks; an absent account only for one choice in four."""
    pool = terms.pool
    sender = pool[choice * len(pool) >> 8]
    if shape is Shape.DENSE:
        pattern = terms.hot & 3
        if pattern == 0 and choice < HOT_SHARE:
            sender = pool[0]
        elif pattern >= 2:
            sender = pool[index % len(pool)]
    return sender if estimate.exists(sender) or not choice & 3 else pool[0]
