"""What a failing interleaving did otherwise than the sequential order: data, no text.

Invariant: everything here is a fact about two executions of one block; nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.case.deviation import Address
from lockstep.explain.observe import ObservedBlock, Touch
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM
from lockstep_parallel.steps.ops import Key


@dataclass(frozen=True, slots=True)
class Reversal:
    """Two steps on ``location`` whose order matters; sequentially ``second`` comes first.

    ``here`` and ``sequentially`` are the step numbers of the two in either run.
    """

    location: Key
    first: Touch
    second: Touch
    here: tuple[int, int]
    sequentially: tuple[int, int]


@dataclass(frozen=True, slots=True)
class OtherRead:
    """A read that saw another value, or another's write, than it sees sequentially."""

    transaction: str
    location: Key
    step: Address
    number: int
    seen: object
    sequentially: object
    writer: str | None
    sequential_writer: str | None

    @property
    def differs(self) -> bool:
        """Tell whether the values differ, not only who wrote them."""
        return self.seen != self.sequentially


@dataclass(frozen=True, slots=True)
class LostUpdate:
    """``read`` and ``over`` are of one transaction; another wrote ``lost`` between the two.

    The location holds ``end`` after the last write, ``sequential_end`` sequentially.
    """

    location: Key
    read: Touch
    lost: Touch
    over: Touch
    end: object
    sequential_end: object


@dataclass(frozen=True, slots=True)
class OtherResult:
    """A transaction that ended otherwise; None where it got no receipt."""

    transaction: str
    here: str | None
    sequentially: str | None


@dataclass(frozen=True, slots=True)
class Race:
    """Everything that differs in the block of number ``block``, in the order it happened.

    ``earlier`` are the blocks before it, as they ran here.
    """

    block: int
    reversals: tuple[Reversal, ...]
    reads: tuple[OtherRead, ...]
    lost_updates: tuple[LostUpdate, ...]
    results: tuple[OtherResult, ...]
    here: ObservedBlock
    sequentially: ObservedBlock
    earlier: tuple[ObservedBlock, ...] = ()


def published(block: ObservedBlock, transaction: str, location: Key) -> Touch | None:
    """Return the last write of ``transaction`` to ``location``, None if there is none."""
    found = None
    for touch in block.touches:
        if touch.location == location and touch.transaction == transaction and touch.writes:
            found = touch
    return found


def by_step(block: ObservedBlock) -> dict[tuple[Address, Key], Touch]:
    """Return what transactions did, to be looked up from another run of the block.

    A worker's steps have no counterpart: in another run it works on other transactions.
    """
    return {
        (each.address, each.location): each
        for each in block.touches
        if block.trace[each.number].task < WORKERS_FROM
    }
