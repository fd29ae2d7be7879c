"""What the cases of a campaign were like: how much they conflict and how often they fail.

Invariant: the numbers come from the blocks and the reference's receipts, not from the generator's
intentions, so a generator that loses its bite shows here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.run import Run
from ledger.model import Address, Transaction, Transfers
from ledger.outcome import Code

CONFLICT_FLOOR = 0.20
FAILING_FLOOR, FAILING_CEILING = 0.10, 0.80
LEAST_TRANSACTIONS = 500


@dataclass(slots=True)
class Measure:
    """Counts over many runs; two of them add up."""

    transactions: int = 0
    conflicting: int = 0
    receipts: int = 0
    failing: int = 0
    codes: dict[str, int] = field(default_factory=dict)

    def see(self, run: Run) -> None:
        """Count the blocks of ``run``."""
        for block in run.blocks:
            touched: set[Address] = set()
            for envelope in block.block.transactions:
                parties = _parties(envelope.content)
                self.transactions += 1
                self.conflicting += not touched.isdisjoint(parties)
                touched |= parties
            for receipt in block.expected.receipts:
                self.receipts += 1
                self.failing += receipt.code is not Code.SUCCESS
                self.codes[receipt.code.name] = self.codes.get(receipt.code.name, 0) + 1

    def add(self, other: Measure) -> None:
        """Add the counts of ``other``."""
        self.transactions += other.transactions
        self.conflicting += other.conflicting
        self.receipts += other.receipts
        self.failing += other.failing
        for code, count in other.codes.items():
            self.codes[code] = self.codes.get(code, 0) + count

    @property
    def conflict_density(self) -> float:
        """Return the share of transactions that touch an account of an earlier one."""
        return self.conflicting / self.transactions if self.transactions else 0.0

    @property
    def failing_share(self) -> float:
        """Return the share of receipts that are no success."""
        return self.failing / self.receipts if self.receipts else 0.0

    def complaints(self) -> list[str]:
        """Return what is wrong with these cases; nothing is judged below a least number."""
        if self.transactions < LEAST_TRANSACTIONS:
            return []
        found = []
        if self.conflict_density < CONFLICT_FLOOR:
            found.append(
                f"conflict density {self.conflict_density:.2f} is below {CONFLICT_FLOOR:.2f}"
            )
        if not FAILING_FLOOR <= self.failing_share <= FAILING_CEILING:
            found.append(
                f"failing share {self.failing_share:.2f} is outside "
                f"{FAILING_FLOOR:.2f}..{FAILING_CEILING:.2f}"
            )
        return found


def _parties(content: object) -> set[Address]:
    if not isinstance(content, Transaction):
        return set()
    parties = {content.source}
    if isinstance(content.payload, Transfers):
        parties.update(output.destination for output in content.payload.outputs)
    return parties
