"""What one transaction of a small scope does, without names, amounts or nonces.

Invariant: a move names accounts by number only, so a block of moves means the same whatever the
accounts are called.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The kinds of transaction a scope may have."""

    TRANSFER = "transfer"
    SPLIT = "split"
    BURN = "burn"
    BUMP = "bump"
    MULTISIG = "multisig"

    @property
    def arity(self) -> int:
        """How many different accounts a move of this kind names, its source first."""
        return _ARITIES.get(self, 1)


_ARITIES = {Kind.TRANSFER: 2, Kind.SPLIT: 3}

SELECTIONS: dict[str, tuple[Kind, ...]] = {"transfers": (Kind.TRANSFER,), "all": tuple(Kind)}
"""The sets of kinds that a user can ask for by one word."""


class Amount(Enum):
    """How an amount compares with what its source can spend when its turn comes."""

    FITS = "fits"
    EXACT = "exact"
    EXCEEDS = "exceeds"


@dataclass(frozen=True, slots=True)
class Move:
    """One transaction; ``accounts`` are its source, then its receivers in order.

    ``amount`` is None for the kinds that move nothing.
    """

    kind: Kind
    accounts: tuple[int, ...]
    amount: Amount | None = None

    @property
    def source(self) -> int:
        """The account that sends and pays."""
        return self.accounts[0]

    def __str__(self) -> str:
        places = ">".join(map(str, self.accounts))
        return f"{self.kind.value} {places}" + (f" {self.amount.value}" if self.amount else "")


Moves = tuple[Move, ...]
"""A block of moves."""


def block_text(moves: Moves) -> str:
    """Return one line that tells the block from every other of its scope."""
    return "; ".join(map(str, moves))
