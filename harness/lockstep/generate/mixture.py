"""The campaign's own generator: a seeded mixture of shapes that feeds the total decoder.

Every case also has features of its own switched off, see ``swarm``. In a share of them executors
that speculate give up at once, or at the second abort of a transaction, so that they fall back.

Invariant: case number i of a seed is the same whoever generates it, and in whatever order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lockstep.case.values import Case
from lockstep.generate.carve import carved
from lockstep.generate.carving import WHOLE, Carving
from lockstep.generate.decode import decode
from lockstep.generate.needs import switched_off
from lockstep.generate.slots import HEADER_LENGTH, SLOT_LENGTH, Draw, Shape
from lockstep.generate.swarm import SWARM_BYTES, draw_bits
from lockstep.streams import stream

_SHARES = {Shape.BOUNDARY: 7, Shape.DENSE: 6, Shape.CHAIN: 4, Shape.FAULT: 2, Shape.LIMIT: 1}
_SHAPES = tuple(shape for shape, share in _SHARES.items() for _ in range(share))

_LIMITED = 8
"""One case in so many has few retries."""


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
    seed: str,
    number: int,
    scheme: str = "keyed-hash",
    carving: Carving = WHOLE,
    needs: Sequence[frozenset[str]] = (),
) -> Case:
    """Return case ``number`` of the campaign seeded with ``seed``, as far as it is carved.

    What ``needs`` some failures have is switched off in most cases, as ``draw_at`` draws it.
    """
    draw = draw_at(seed, number, needs)
    if carving.bits:
        off = int.from_bytes(draw.header[:SWARM_BYTES], "big") | carving.bits
        header = off.to_bytes(SWARM_BYTES, "big") + draw.header[SWARM_BYTES:]
        draw = replace(draw, header=header)
    case = replace(decode(draw, scheme), retries=_retries_at(seed, number))
    return carved(case, carving)


def _retries_at(seed: str, number: int) -> int | None:
    """Draw a limit, mostly none: a stream of its own leaves all else of a case as it is."""
    random = stream(seed, "retries", number)
    return random.randrange(2) if random.randrange(_LIMITED) == 0 else None
