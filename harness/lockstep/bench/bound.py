"""How fast a block could be executed at best, by so many workers that share it without loss.

Two things bound it: the work divided by the workers, and the longest row of transactions of which
each must know what the one before it did. Signatures depend on no state, so of a transaction in
such a row only the deciding counts.
Invariant: both are times of the reference, so the bound is that of its text of the rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.bench.workloads import Workload
from lockstep_ledger.signatures import KeyPair, Scheme
from lockstep_parallel.executors.turns import longest_queue, predecessors
from lockstep_parallel.rules.access import access_list, burns_cannot_overflow

Signed = tuple[bytes, bytes, bytes]


class Remembering:
    """A scheme that checks each signature once and then knows the answer."""

    def __init__(self, below: Scheme) -> None:
        self.name = below.name
        self._below = below
        self._known: dict[Signed, bool] = {}

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        """Return the signature that the scheme below makes."""
        return self._below.sign(pair, message)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is valid."""
        signed = public, message, signature
        known = self._known.get(signed)
        if known is None:
            known = self._known[signed] = self._below.verify(*signed)
        return known


@dataclass(frozen=True, slots=True)
class Bound:
    """Seconds: ``work`` is all of the block's, ``deciding`` what of it is not signatures.

    ``longest`` is the share of the transactions that stand in the longest row.
    """

    work: float
    deciding: float
    longest: float

    def seconds(self, workers: int) -> float:
        """Return the least time in which so many workers could be done."""
        return max(self.work / workers, self.deciding * self.longest)


def longest_share(workload: Workload) -> float:
    """Return the share of a block's transactions that stand in its longest row."""
    transactions = workload.block.transactions
    commute = burns_cannot_overflow(transactions, workload.state.chain.burned)
    queues = predecessors([access_list(each, commute) for each in transactions])
    return longest_queue(queues) / len(transactions)
