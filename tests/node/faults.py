"""The faults that can be planted in the parallel path of the node; its sequential path is right."""

from __future__ import annotations

from enum import Enum


class Fault(Enum):
    """One fault: its name on the command line, and what goes wrong."""

    NEVER_DEBITS = "never-debits"
    """Whoever sends keeps it."""
    BURNS_BY_ARRIVAL = "burns-by-arrival"
    """Two burns near the cap in one batch decide by which comes first."""
    NONCE_WRAPS = "nonce-wraps"
    """The nonce after the greatest is 0."""
    EMPTY_CREDIT = "empty-credit"
    """A credit of nothing creates no account."""
    NEW_MINER = "new-miner"
    """A block is refused whose miner has no account yet."""
    DURABLE_TOO_EARLY = "durable-too-early"
    """A block that is refused leaves the balances of its first transactions."""
    CREDIT_BEFORE_DEBIT = "credit-before-debit"
    """A legal credit is refused, for what the block spent before is not taken off yet."""
    STALE_REFERENCE = "stale-reference"
    """Who names an old reference is held against it alone, and what is missing wraps."""
    LINKED_TO_ITSELF = "linked-to-itself"
    """The version of a block that changes nothing is its own predecessor: a reader never ends."""
