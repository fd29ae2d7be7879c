"""Where a slot is decoded: the sender, the accounts around it, and what is believed of them.

A dense case has one of four patterns: a hot sender, a hot receiver, a ring in which everyone pays
the next, or two halves of the accounts that take turns and rarely meet, so that their transactions
can really run side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.generate.accounts import Terms
from lockstep.generate.estimate import Estimate
from lockstep.generate.slots import Shape
from lockstep_ledger.model import Address

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
            if pattern == 2 and choice < 200:
                return pool[(self.index + 1) % len(pool)]
            if pattern == 3 and choice < 200:
                return self._companion(choice)
        if choice >= 252:
            return self.sender
        others = self.others()
        return others[choice * len(others) // 252]

    def _companion(self, choice: int) -> Address:
        """Return another account of the sender's half of the pool."""
        half = self.terms.pool[self.terms.pool.index(self.sender) & 1 :: 2]
        place = half.index(self.sender) + 1 + choice % (len(half) - 1)
        return half[place % len(half)]

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
        elif pattern == 2:
            sender = pool[index % len(pool)]
        elif pattern == 3:
            half = pool[index & 1 :: 2]
            sender = half[choice * len(half) >> 8]
    return sender if estimate.exists(sender) or not choice & 3 else pool[0]
