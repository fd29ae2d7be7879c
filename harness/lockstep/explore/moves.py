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


class Nonce(Enum):
    """How a nonce compares with the one that its source has when its turn comes."""

    EXACT = "exact"
    DUPLICATE = "duplicate"
    SKIPPED = "skipped"

    @property
    def offset(self) -> int:
        """How far it is from the expected one."""
        return _OFFSETS[self]


_OFFSETS = {Nonce.EXACT: 0, Nonce.DUPLICATE: -1, Nonce.SKIPPED: 1}

NONCES: dict[str, tuple[Nonce, ...]] = {"exact": (Nonce.EXACT,), "any": tuple(Nonce)}
"""The sets of nonces that a user can ask for by one word."""


@dataclass(frozen=True, slots=True)
class Move:
    """One transaction; ``accounts`` are its source, then its receivers in order.

    ``amount`` is None for the kinds that move nothing.
    """

    kind: Kind
    accounts: tuple[int, ...]
    amount: Amount | None = None
    nonce: Nonce = Nonce.EXACT

    @property
    def source(self) -> int:
        """The account that sends and pays."""
        return self.accounts[0]

    def __str__(self) -> str:
        places = ">".join(map(str, self.accounts))
        words = [f"{self.kind.value} {places}"]
        if self.amount is not None:
            words.append(self.amount.value)
        if self.nonce is not Nonce.EXACT:
            words.append(f"{self.nonce.value} nonce")
        return " ".join(words)


Moves = tuple[Move, ...]
"""A block of moves."""


def block_text(moves: Moves) -> str:
    """Return one line that tells the block from every other of its scope."""
    return "; ".join(map(str, moves))
