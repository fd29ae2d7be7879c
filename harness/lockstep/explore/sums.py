"""What exploring the first blocks of a scope gave.

Invariant: a tally depends on the results added to it, in block order, alone; the digest chains the
number, text, policy, end, traces and other orders of every block, so two tallies with the same
digest ran the same blocks to the same ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from blake3 import blake3

from lockstep.run.result import Run
from lockstep.verdict import Verdict

INCOMPLETE = "incomplete"
"""How a block ended that agreed in every execution, where not all traces were executed."""


class Conclusion(Enum):
    """What an exploration says about its scope."""

    EXHAUSTED = "exhausted"
    DIVERGES = "diverges"
    INCONCLUSIVE = "inconclusive"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class BlockFailure:
    """A failing run and its kind."""

    fingerprint: str
    run: Run


@dataclass(frozen=True, slots=True)
class Result:
    """How one block ended: ``end`` is a verdict's word or ``INCOMPLETE``.

    ``parallel`` tells whether two transactions ran side by side, neither waiting for the other;
    ``orders`` in how many other orders of a trace the block was executed.
    """

    number: int
    text: str
    end: str
    traces: int
    redundant: int
    steps: int
    parallel: bool
    orders: int
    failure: BlockFailure | None = None


@dataclass(frozen=True, slots=True)
class FailureKind:
    """A kind of failure: its fingerprint, its verdict and the first block that showed it."""

    fingerprint: str
    verdict: str
    block: int


@dataclass(slots=True)
class Sums:
    """Sums over the blocks before number ``next``; ``parallel`` and ``exchanged`` count blocks.

    ``exchanged`` are those that were executed in other ``orders`` of a trace as well.
    """

    next: int = 0
    traces: int = 0
    redundant: int = 0
    steps: int = 0
    parallel: int = 0
    exchanged: int = 0
    orders: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    digest: bytes = bytes(32)
    kinds: list[FailureKind] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Add the result of the next block."""
        assert result.number == self.next, "results are added in block order"
        self.next += 1
        self.traces += result.traces
        self.redundant += result.redundant
        self.steps += result.steps
        self.parallel += result.parallel
        self.exchanged += result.orders > 0
        self.orders += result.orders
        self.ends[result.end] = self.ends.get(result.end, 0) + 1
        line = f"{result.number} {result.text} {result.end} {result.traces} {result.orders}"
        self.digest = blake3(self.digest + line.encode()).digest()
        if result.failure is not None and not self.knows(result.failure):
            kind = FailureKind(result.failure.fingerprint, result.end, result.number)
            self.kinds.append(kind)

    def knows(self, failure: BlockFailure) -> bool:
        """Tell whether a failure of this kind was met before."""
        return any(each.fingerprint == failure.fingerprint for each in self.kinds)

    def failures(self) -> list[Verdict]:
        """Return the failing verdicts that were met."""
        return [
            verdict for verdict in Verdict if verdict.is_failure and self.ends.get(verdict.value)
        ]

    def conclusion(self, blocks: int) -> Conclusion:
        """Return what this says about a scope of so many blocks."""
        if self.next < blocks:
            return Conclusion.UNFINISHED
        if self.failures():
            return Conclusion.DIVERGES
        if self.parallel and self.ends.keys() <= {Verdict.AGREE.value}:
            return Conclusion.EXHAUSTED
        return Conclusion.INCONCLUSIVE
