"""The campaign's own generator: a seeded mixture of shapes that feeds the total decoder.

Every case also has features of its own switched off, see ``swarm``.

Invariant: case number i of a seed is the same whoever generates it, and in whatever order.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.case.values import Case
from lockstep.generate.decode import decode
from lockstep.generate.needs import switched_off
from lockstep.generate.slots import HEADER_LENGTH, SLOT_LENGTH, Draw, Shape
from lockstep.generate.swarm import SWARM_BYTES, draw_bits
from lockstep.streams import stream

_SHARES = {Shape.BOUNDARY: 7, Shape.DENSE: 6, Shape.CHAIN: 4, Shape.FAULT: 2, Shape.LIMIT: 1}
_SHAPES = tuple(shape for shape, share in _SHARES.items() for _ in range(share))


def draw_at(seed: str, number: int, needs: Sequence[frozenset[str]] = ()) -> Draw:
    """Return draw ``number`` of the campaign seeded with ``seed``.

    The features that some failures need are switched off in most draws, see ``needs``.
    """
    random = stream(seed, "case", number)
    shape = _SHAPES[random.randrange(len(_SHAPES))]
    match shape:
        case Shape.BOUNDARY:
            count = random.randint(1, 4)
        case Shape.DENSE:
            count = random.randint(4, 16)
        case Shape.CHAIN:
            count = random.randint(3, 12)
        case Shape.FAULT:
            count = random.randint(1, 5)
        case Shape.LIMIT:
            count = random.randint(1, 3)
    bits = draw_bits(random) | switched_off(needs, stream(seed, "leaning", number))
    off = bits.to_bytes(SWARM_BYTES, "big")
    data = off + random.randbytes(HEADER_LENGTH - SWARM_BYTES + count * SLOT_LENGTH)
    starts = range(HEADER_LENGTH, len(data), SLOT_LENGTH)
    slots = tuple(data[start : start + SLOT_LENGTH] for start in starts)
    return Draw(shape, data[:HEADER_LENGTH], slots)


def case_at(
    seed: str, number: int, scheme: str = "keyed-hash", needs: Sequence[frozenset[str]] = ()
) -> Case:
    """Return case ``number`` of the campaign seeded with ``seed``, as ``draw_at`` draws it."""
    return decode(draw_at(seed, number, needs), scheme)
