"""Decodes how a case goes on from block to block: paths, warm caches, rewinds, faults.

Invariant: a rewind never takes back more blocks than there are, and the last block takes the
parallel path, so every case has something to compare.
"""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.case.names import GOLD
from lockstep.case.values import (
    Column,
    MergeDies,
    MergeFails,
    Onlooker,
    PlannedFault,
    ReadsFail,
)
from lockstep.generate.slots import Bytes, Shape
from lockstep_ledger.model import NATIVE, Address, Asset


@dataclass(frozen=True, slots=True)
class Course:
    """What happens around the blocks of a case.

    After block ``rewind_after`` the newest ``rewind`` blocks are taken back, none for 0; with
    ``again`` the next block begins with their transactions. ``sequential``, ``warm``, ``repeating``
    and ``dry`` are bit sets of block numbers: applied on the sequential path; with everything read
    before; with transactions of earlier blocks once more; executed once more before. ``fault``
    befalls block ``fault_at``, which takes the parallel path.
    """

    blocks: int = 1
    rewind: int = 0
    rewind_after: int = 0
    again: bool = False
    sequential: int = 0
    warm: int = 0
    fault: PlannedFault | None = None
    fault_at: int = 0
    dry: int = 0
    repeating: int = 0

    def parallel_at(self, block: int) -> bool:
        """Tell whether a block takes the parallel path."""
        return block == self.blocks - 1 or not self.sequential >> block & 1

    def fault_of(self, block: int) -> PlannedFault | None:
        """Return what befalls a block from outside."""
        return self.fault if block == self.fault_at else None

    def warm_at(self, block: int) -> bool:
        """Tell whether everything is read before a block."""
        return bool(self.warm >> block & 1)

    def dry_runs_of(self, block: int) -> int:
        """Return how often a block is executed before the execution that is merged."""
        return self.dry >> block & 1

    def repeats_at(self, block: int) -> bool:
        """Tell whether transactions of earlier blocks come once more in a block."""
        return bool(self.repeating >> block & 1)


ONE_BLOCK = Course()


def decode_course(source: Bytes, shape: Shape, pool: tuple[Address, ...]) -> Course:
    """Decode the course of a case; a boundary case has one block, a dense one at most two."""
    match shape:
        case Shape.CHAIN:
            return _chain(source)
        case Shape.FAULT:
            blocks = 1 + source.below(2)
            fault = _fault(source, pool)
            if isinstance(fault, MergeFails):
                # What matters is what comes after.
                blocks += 1
            return Course(blocks, fault=fault, fault_at=source.below(blocks))
        case Shape.DENSE:
            return Course(source.pick((1, 2)))
        case _:
            return ONE_BLOCK


def _chain(source: Bytes) -> Course:
    blocks = 2 + source.below(3)
    rewind = source.pick((0, 0, 1, 1, 2))
    rewind_after = source.pick((blocks - 2, blocks - 2, blocks - 1, 0))
    again = source.byte() >= 128
    sequential = source.pick((0, 0, 0, 0, 1, 2, 4, 5, 3))
    warm = source.pick((0, 0, 0, 0, 1, 2, 4, 6, 15))
    repeating = source.pick((0, 0, 0, 0, 0, 0, 2, 4, 6, 14))
    dry = source.pick((0, 0, 0, 0, 0, 0, 1, 2, 4, 3))
    return Course(
        blocks,
        min(rewind, rewind_after + 1),
        rewind_after,
        again,
        sequential,
        warm,
        repeating=repeating,
        dry=dry,
    )


_UNREADABLE: tuple[tuple[Column | None, Asset | None], ...] = (
    *((None, None),) * 4,
    (Column.NONCE, None),
    (Column.BALANCE, None),
    (Column.BALANCE, NATIVE),
    (Column.BALANCE, GOLD),
    (Column.MULTISIG, None),
    (Column.MULTISIG, None),
    (Column.ENERGY, None),
)
"""What cannot be read of an account: all of it, a column, a balance."""


def _fault(source: Bytes, pool: tuple[Address, ...]) -> PlannedFault:
    choice, detail = source.byte(), source.byte()
    if choice < 96:
        return MergeDies(detail & 3)
    if choice < 128:
        return MergeFails()
    if choice < 232:
        account = pool[detail * len(pool) >> 8]
        return ReadsFail(account, *source.pick(_UNREADABLE))
    return Onlooker()
