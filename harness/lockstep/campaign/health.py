"""What the cases of a campaign were like, and the floors below which they prove too little.

Invariant: the numbers come from the blocks and the reference's receipts, not from the generator's
intentions, so a generator that loses its bite shows here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from lockstep.run.overlap import Overlap
from lockstep.run.result import BlockRun, Run
from lockstep_ledger.model import (
    Address,
    Burn,
    NonceBump,
    SetMultisig,
    Transaction,
    Transfers,
)
from lockstep_ledger.outcome import LATE, Code

LEAST_OVERLAP = 0.05
"""The least share of a parallel executor's executions that have two or more in progress."""
ENOUGH_EXECUTIONS = 200
"""Nothing is judged of fewer executions that told."""
LEAST_TRANSACTIONS = 500
"""Nothing is judged below so many transactions."""
MANY_TRANSACTIONS = 20_000
"""From so many transactions on every result code must have been met."""
PAYING = frozenset({"Burn", "Transfers"})
"""What often lacks funds or room; of the others only the fee is paid."""
KINDS = ("Burn", "NonceBump", "SetMultisig", "Transfers")


@dataclass(slots=True)
class Measure:
    """Counts over many runs; two of them add up.

    ``separable`` counts the blocks with two transactions that share no account, which an executor
    can run side by side; ``kinds`` and ``codes`` count payloads and result codes by name;
    ``possible`` are the payloads that the cases can have. Codes are those that the oracle gives:
    which there should be is known of the reference alone (``by_reference``), and all of them only
    where nothing was carved from the cases (``whole``).
    """

    transactions: int = 0
    conflicting: int = 0
    receipts: int = 0
    failing: int = 0
    blocks: int = 0
    separable: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    possible: tuple[str, ...] = KINDS
    by_reference: bool = True
    whole: bool = True

    def see(self, run: Run) -> None:
        """Count the blocks of ``run``."""
        for block in run.blocks:
            self._see_block(block)

    def add(self, other: Measure) -> None:
        """Add the counts of ``other``."""
        self.transactions += other.transactions
        self.conflicting += other.conflicting
        self.receipts += other.receipts
        self.failing += other.failing
        self.blocks += other.blocks
        self.separable += other.separable
        self.codes.update(other.codes)
        self.kinds.update(other.kinds)

    def _see_block(self, block: BlockRun) -> None:
        touched: set[Address] = set()
        earlier: list[set[Address]] = []
        separable = False
        for envelope in block.block.transactions:
            content = envelope.content
            if not isinstance(content, Transaction):
                self.transactions += 1
                continue
            parties = _parties(content)
            self.transactions += 1
            self.conflicting += not touched.isdisjoint(parties)
            self.kinds[type(content.payload).__name__] += 1
            separable = separable or any(parties.isdisjoint(each) for each in earlier)
            touched |= parties
            earlier.append(parties)
        self.blocks += 1
        self.separable += separable
        for receipt in block.expected.receipts:
            self.receipts += 1
            self.failing += receipt.code is not Code.SUCCESS
            self.codes[receipt.code.name] += 1

    @property
    def conflict_density(self) -> float:
        """Return the share of transactions that touch an account of an earlier one."""
        return _share(self.conflicting, self.transactions)

    @property
    def failing_share(self) -> float:
        """Return the share of receipts that are no success."""
        return _share(self.failing, self.receipts)

    @property
    def late_share(self) -> float:
        """Return the share of receipts that fail for want of funds or of room."""
        return _share(sum(self.codes[code.name] for code in LATE), self.receipts)

    @property
    def parallel_fraction(self) -> float:
        """Return the share of blocks in which something can run side by side."""
        return _share(self.separable, self.blocks)

    @property
    def rarest_kind(self) -> float:
        """Return the share of transactions that have the rarest kind of payload."""
        return _share(min(self.kinds[kind] for kind in self.possible), self.transactions)

    @property
    def codes_met(self) -> int:
        """Return how many result codes were met."""
        return len(+self.codes)

    def complaints(self) -> list[str]:
        """Return the gates these cases fail; nothing is judged below a least number."""
        if self.transactions < LEAST_TRANSACTIONS:
            return []
        gates = [each for each in GATES if self._knows(each)]
        complaints = [text for gate in gates if (text := gate.complaint(self))]
        every = self.by_reference and self.whole and self.transactions >= MANY_TRANSACTIONS
        if every and self.codes_met < len(Code):
            missing = sorted(code.name for code in Code if not self.codes[code.name])
            complaints.append(f"result codes never met: {', '.join(missing)}")
        return complaints

    def _knows(self, gate: Gate) -> bool:
        """Tell whether it is known what ``gate`` should let through."""
        by_funds = self.by_reference and not PAYING.isdisjoint(self.possible)
        return (by_funds or not gate.of_codes) and (self.whole or not gate.of_all_codes)


def overlap_complaint(executor: str, overlap: Overlap) -> str | None:
    """Say that an executor was hardly tested in parallel; None if it was, or too little is told."""
    if overlap.executions < ENOUGH_EXECUTIONS or overlap.share >= LEAST_OVERLAP:
        return None
    return f"{executor} overlaps too little, {LEAST_OVERLAP:.0%} is the least: {overlap}"


@dataclass(frozen=True, slots=True)
class Gate:
    """A number that must not leave its limits; it may be one of our codes, or of all of them."""

    name: str
    value: Callable[[Measure], float]
    floor: float
    ceiling: float | None = None
    of_codes: bool = False
    of_all_codes: bool = False

    def complaint(self, measure: Measure) -> str | None:
        """Return what is wrong with ``measure``, None if nothing is."""
        value = self.value(measure)
        if self.floor <= value <= (value if self.ceiling is None else self.ceiling):
            return None
        if self.ceiling is None:
            return f"{self.name} {value:.3g} is below {self.floor:.3g}"
        return f"{self.name} {value:.3g} is outside {self.floor:.3g}..{self.ceiling:.3g}"


GATES = (
    Gate("conflict density", lambda measure: measure.conflict_density, 0.20),
    Gate("failing share", lambda measure: measure.failing_share, 0.10, 0.80),
    Gate("late failing share", lambda measure: measure.late_share, 0.02, of_codes=True),
    Gate("parallel fraction", lambda measure: measure.parallel_fraction, 0.15),
    Gate("share of the rarest payload", lambda measure: measure.rarest_kind, 0.01),
    Gate(
        "number of result codes",
        lambda measure: measure.codes_met,
        10,
        of_codes=True,
        of_all_codes=True,
    ),
)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _parties(content: Transaction) -> set[Address]:
    match content.payload:
        case Transfers(outputs):
            return {content.source, *(output.destination for output in outputs)}
        case Burn() | SetMultisig() | NonceBump():
            return {content.source}
        case unknown:
            assert_never(unknown)
