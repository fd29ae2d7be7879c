"""A block as it reaches an executor: transactions in their envelopes, rewards, policy.

Invariant: an envelope's content, size, signing bytes and hash belong to the same wire bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from lockstep_ledger.model import U64_MAX, Address, ModelError, Policy, Transaction


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Wire bytes that are no transaction, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnsupportedKind:
    """A transaction of a kind the chain knows and this ledger does not model."""

    type_number: int


Content: TypeAlias = Transaction | Undecodable | UnsupportedKind


@dataclass(frozen=True, slots=True)
class Envelope:
    """What arrived on the wire, decoded once: both executors read it, neither encodes again.

    ``signing_bytes`` are what the source signs (empty when the content is no transaction),
    ``size`` is the length of the whole wire form in bytes, ``hash`` its BLAKE3-256. ``wire`` is
    that form; of a transaction that cannot arrive by wire it does not say everything.
    """

    content: Content
    signing_bytes: bytes
    size: int
    hash: bytes
    wire: bytes


@dataclass(frozen=True, slots=True)
class Rewards:
    """What a block pays before its transactions, in units of the native asset."""

    dev: Address
    dev_amount: int
    miner: Address
    miner_amount: int

    def __post_init__(self) -> None:
        for amount in (self.dev_amount, self.miner_amount):
            if not 0 <= amount <= U64_MAX:
                raise ModelError(f"reward is {amount}, outside 0..{U64_MAX}")


MOST_TRANSACTIONS = 100_000
MOST_BYTES = 64 << 20
"""What a block may hold: far beyond any real one, and little enough to be held in memory twice."""


class BlockTooLargeError(ModelError):
    """A block was to hold more than any executor takes."""


@dataclass(frozen=True, slots=True)
class Block:
    """An ordered list of transactions and the terms under which they are executed.

    ``fees_to`` receives the fees of the block after its last transaction; None lets them vanish.
    ``advances_height`` is False only for a lone transaction that is executed outside a block.

    Raises ``BlockTooLargeError`` above ``MOST_TRANSACTIONS`` or ``MOST_BYTES`` of their wire forms,
    so no executor is ever given such a block.
    """

    transactions: tuple[Envelope, ...]
    policy: Policy
    rewards: Rewards | None = None
    fees_to: Address | None = None
    advances_height: bool = True

    def __post_init__(self) -> None:
        check_count(len(self.transactions))
        size = sum(each.size for each in self.transactions)
        if size > MOST_BYTES:
            raise BlockTooLargeError(f"{size} bytes of transactions in a block, above {MOST_BYTES}")


def check_count(transactions: int) -> None:
    """Raise ``BlockTooLargeError`` if so many transactions are too many for a block."""
    if transactions > MOST_TRANSACTIONS:
        raise BlockTooLargeError(
            f"{transactions} transactions in a block, above {MOST_TRANSACTIONS}"
        )
