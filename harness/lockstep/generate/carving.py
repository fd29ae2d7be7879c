"""What cases are made of: everything, or less, for what is under test or by hand.

Invariant: carving only takes away. A case made for several targets lacks whatever one of them
lacks, and what nothing is taken from is the case that it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from lockstep.faults import UsageError
from lockstep.generate.swarm import FEATURES

T = TypeVar("T")

KINDS = ("transfers", "burn", "nonce_bump", "multisig", "raw")
"""Kinds of transaction; ``multisig`` is also what accounts and co-signers have, ``raw`` bytes."""
TERMS = ("rewards", "fees_to", "lone", "atomic", "skip", "energy", "assets", "rewinds", "faults")
"""What blocks and cases have besides; ``lone`` is a block without a height of its own, ``assets``
are others than the native one."""
WORDS = (*KINDS, *TERMS)
_ALSO = {"burns": "burn", "set_multisig": "multisig", "bumps": "nonce_bump"}

_FEATURES = {
    "burn": ("burns",),
    "multisig": ("multisigs", "configurations"),
    "nonce_bump": ("bumps",),
    "rewards": ("rewards",),
    "fees_to": ("fee_receivers",),
    "atomic": ("atomic",),
    "energy": ("energy",),
    "assets": ("other_assets",),
}
"""The features of a case that are switched off with a word."""


@dataclass(frozen=True, slots=True)
class Carving:
    """What is taken away: ``without`` are ``WORDS``, in their order.

    ``transactions`` and ``accounts`` are the most of a block and of a state, ``schemes`` the
    signature schemes that are left, None: all. ``by_wire`` leaves only what bytes can say.
    ``fee_types`` and ``chains`` are the numbers that are left, ``heights`` the lowest and highest.
    """

    without: tuple[str, ...] = ()
    transactions: int | None = None
    accounts: int | None = None
    schemes: frozenset[str] | None = None
    by_wire: bool = False
    fee_types: frozenset[int] | None = None
    chains: frozenset[int] | None = None
    heights: tuple[int, int] | None = None

    def lacks(self, word: str) -> bool:
        """Tell whether ``word`` is taken away."""
        return word in self.without

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of signed transaction that are left."""
        return tuple(each for each in KINDS[:4] if each not in self.without)

    @property
    def bits(self) -> int:
        """Return the features of a swarm that are switched off, as its bits."""
        off = {feature for word in self.without for feature in _FEATURES.get(word, ())}
        return sum(1 << FEATURES.index(feature) for feature in off)

    def joined(self, other: Carving) -> Carving:
        """Return what both take away.

        Raises ``UsageError`` where they leave nothing to make a case of.
        """
        return _checked(
            Carving(
                _in_order({*self.without, *other.without}),
                _least(self.transactions, other.transactions),
                _least(self.accounts, other.accounts),
                _both(self.schemes, other.schemes),
                self.by_wire or other.by_wire,
                _both(self.fee_types, other.fee_types),
                _both(self.chains, other.chains),
                _within(self.heights, other.heights),
            )
        )

    def words(self) -> str:
        """Say what is taken away, empty if nothing is."""
        parts = [f"without {', '.join(self.without)}"] if self.without else []
        if self.transactions is not None:
            parts.append(f"at most {self.transactions} transactions a block")
        if self.accounts is not None:
            parts.append(f"at most {self.accounts} accounts")
        if self.fee_types is not None:
            parts.append(f"fee types {', '.join(map(str, sorted(self.fee_types)))}")
        if self.chains is not None:
            parts.append(f"chains {', '.join(map(str, sorted(self.chains)))}")
        if self.heights is not None:
            parts.append(f"heights {self.heights[0]} to {self.heights[1]}")
        if self.by_wire:
            parts.append("only what bytes can say")
        return "; ".join(parts)


WHOLE = Carving()


def by_hand(only: str | None, without: str | None) -> Carving:
    """Return what two lists of words ask for. Raises ``UsageError`` for a word there is not."""
    gone = set(_words(without, WORDS))
    if only is not None:
        gone |= set(KINDS) - set(_words(only, KINDS))
    return _checked(Carving(_in_order(gone)))


def _words(text: str | None, known: tuple[str, ...]) -> Iterable[str]:
    for word in filter(None, (each.strip() for each in (text or "").split(","))):
        name = _ALSO.get(word, word)
        if name not in known:
            raise UsageError(f"unknown word {word!r}: known are {', '.join(known)}")
        yield name


def _checked(carving: Carving) -> Carving:
    if not carving.kinds:
        raise UsageError(f"cases {carving.words()}: no kind of transaction is left")
    low, high = carving.heights or (0, 0)
    if frozenset() in (carving.fee_types, carving.chains) or low > high:
        raise UsageError(f"cases {carving.words()}: no fee type, chain or height is left")
    if carving.lacks("skip") and carving.lacks("atomic"):
        raise UsageError(f"cases {carving.words()}: no policy of a block is left")
    return carving


def _in_order(words: Iterable[str]) -> tuple[str, ...]:
    found = set(words)
    return tuple(each for each in WORDS if each in found)


def _both(one: frozenset[T] | None, other: frozenset[T] | None) -> frozenset[T] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _within(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one[0], other[0]), min(one[1], other[1])


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
