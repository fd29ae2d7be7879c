"""What speculative transactions have written to one location: a version chain.

A version is (transaction index, incarnation): which run of which transaction wrote. An entry is a
value, or an estimate: a mark, left by an aborted incarnation, that the next one will probably write
here again.
Invariant: a chain has at most one entry for a transaction, in the order of the block, and never
changes: whoever holds one holds a snapshot. Source: Block-STM, section 3.1.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from lockstep_ledger.model import Multisig


@dataclass(frozen=True, slots=True)
class Addition:
    """Written in place of a value: so much more than what lies below, which was not read."""

    amount: int

    def __str__(self) -> str:
        return f"+{self.amount}"


Value: TypeAlias = int | bool | Multisig | Addition | None
"""What a location holds: a number, whether an account exists, a configuration."""


class Version(NamedTuple):
    """One run of one transaction."""

    transaction: int
    incarnation: int


BASE: Final = Version(-1, 0)
"""The version of what was there before the block's transactions."""

Found: TypeAlias = Version | tuple[Version, ...]
"""What a read found: one version, or those of additions, highest first, and of what is below."""


@dataclass(frozen=True, slots=True)
class Written:
    """A value that an incarnation wrote."""

    version: Version
    value: Value


@dataclass(frozen=True, slots=True)
class Estimate:
    """Where an aborted incarnation had written."""

    version: Version


Entry: TypeAlias = Written | Estimate


@dataclass(frozen=True, slots=True)
class Summed:
    """What additions make of the value below them."""

    found: Found
    value: int


@dataclass(frozen=True, slots=True)
class Chain:
    """The entries of one location by transaction."""

    entries: tuple[Entry, ...] = ()

    def below(self, index: int) -> Entry | None:
        """Return the highest entry below transaction ``index``: what that transaction sees."""
        position = self._position(index)
        return self.entries[position - 1] if position else None

    def last(self) -> Entry | None:
        """Return the highest entry."""
        return self.entries[-1] if self.entries else None

    def having(self, entry: Entry) -> Chain:
        """Return the chain with ``entry`` as the one of its transaction."""
        index = entry.version.transaction
        start = self._position(index)
        return Chain((*self.entries[:start], entry, *self.entries[self._position(index + 1) :]))

    def without(self, index: int) -> Chain:
        """Return the chain without an entry of transaction ``index``."""
        start, end = self._position(index), self._position(index + 1)
        return Chain((*self.entries[:start], *self.entries[end:]))

    def _position(self, index: int) -> int:
        return bisect_left(self.entries, index, key=lambda entry: entry.version.transaction)


EMPTY: Final = Chain()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A location as an observer sees it: its chain, over the value below all transactions."""

    chain: Chain
    base: Value
