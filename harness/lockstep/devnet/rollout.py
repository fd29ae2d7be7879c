"""When a block takes the parallel path: whether it is rolled out, and a threshold a network.

Invariant: off means sequential, whatever the block; force ignores the threshold and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from lockstep_ledger.model import ChainId

THRESHOLDS: Mapping[ChainId, int] = {
    ChainId.MAINNET: 20,
    ChainId.TESTNET: 10,
    ChainId.STAGENET: 10,
    ChainId.DEVNET: 4,
}
"""The least number of transactions for which a network's node goes parallel."""


class Path(Enum):
    """How a block was executed."""

    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far the parallel path is rolled out on a node.

    ``test_mode`` executes every eligible block on both paths, compares, and commits the reference's
    result (shadow execution); ``force`` ignores ``threshold``.
    """

    enabled: bool
    threshold: int
    test_mode: bool = False
    force: bool = False

    def path(self, transactions: int) -> Path:
        """Return the path of a block with so many transactions."""
        if not self.enabled or (transactions < self.threshold and not self.force):
            return Path.SEQUENTIAL
        return Path.BOTH if self.test_mode else Path.PARALLEL
