"""Decodes how a case goes on from block to block: paths, warm caches, rewinds, repetition.

Invariant: a rewind never takes back more blocks than there are, and the last block takes the
parallel path, so every case has something to compare.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.generate.records import Bytes, Shape


@dataclass(frozen=True, slots=True)
class Course:
    """What happens around the blocks of a case.

    After block ``rewind_after`` the newest ``rewind`` blocks are taken back, none for 0; with
    ``again`` the next block begins with their transactions. ``sequential`` and ``warm`` are bit
    sets of block numbers: applied on the sequential path; with everything read before.
    """

    blocks: int = 1
    rewind: int = 0
    rewind_after: int = 0
    again: bool = False
    sequential: int = 0
    warm: int = 0

    def parallel_at(self, block: int) -> bool:
        """Tell whether a block takes the parallel path."""
        return block == self.blocks - 1 or not self.sequential >> block & 1

    def warm_at(self, block: int) -> bool:
        """Tell whether everything is read before a block."""
        return bool(self.warm >> block & 1)


ONE_BLOCK = Course()


def decode_course(source: Bytes, shape: Shape) -> Course:
    """Decode the course of a case; only a chain has more than one block."""
    if shape is not Shape.CHAIN:
        return ONE_BLOCK
    blocks = 2 + source.below(3)
    rewind = source.pick((0, 0, 1, 1, 2))
    rewind_after = source.pick((blocks - 2, blocks - 2, blocks - 1, 0))
    again = source.byte() >= 128
    sequential = source.pick((0, 0, 0, 0, 1, 2, 4, 5, 3))
    warm = source.pick((0, 0, 0, 0, 1, 2, 4, 6, 15))
    return Course(blocks, min(rewind, rewind_after + 1), rewind_after, again, sequential, warm)
