"""Hypothesis strategies for cases: few, wide draws that feed the total decoder.

The number of transactions is drawn first, then one fixed-width slot each, so that Hypothesis
reaches any length evenly and shrinks by deleting and zeroing slots.
"""

from __future__ import annotations

from hypothesis import strategies as st

from lockstep.case.values import Case
from lockstep.generate.decode import decode
from lockstep.generate.slots import HEADER_LENGTH, SLOT_LENGTH, Draw, Shape


@st.composite
def draws(
    draw: st.DrawFn, max_transactions: int = 8, shapes: tuple[Shape, ...] = tuple(Shape)
) -> Draw:
    """Draw the raw material of a case with 0 to ``max_transactions`` transactions."""
    shape = draw(st.sampled_from(shapes))
    count = draw(st.integers(0, max_transactions))
    header = draw(st.binary(min_size=HEADER_LENGTH, max_size=HEADER_LENGTH))
    slot = st.binary(min_size=SLOT_LENGTH, max_size=SLOT_LENGTH)
    slots = draw(st.lists(slot, min_size=count, max_size=count))
    return Draw(shape, header, tuple(slots))


def cases(
    max_transactions: int = 8, shapes: tuple[Shape, ...] = tuple(Shape), scheme: str = "keyed-hash"
) -> st.SearchStrategy[Case]:
    """Draw a case; every payload kind, both policies, rewards, chains and boundaries occur."""
    return draws(max_transactions, shapes).map(lambda each: decode(each, scheme))
