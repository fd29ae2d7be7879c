"""What a certificate takes for granted, in words: whoever relies on it relies on these too.

Invariant: the words depend on what was asked and found alone.
"""

from __future__ import annotations

from lockstep.explore.sums import Sums
from lockstep.explore.worker import Survey


def assumptions_of(plan: Survey, tally: Sums) -> tuple[str, ...]:
    """Return what is assumed, a sentence each."""
    return (
        f"A step touches no shared state that it does not announce. {_tried(tally)}",
        "Code between two announced steps runs alone: tasks hand over nowhere else.",
        "The executor keeps nothing from block to block that changes what it answers.",
        f"Only blocks of the scope were executed: {_left_out(plan)} "
        "and chains of several blocks were not.",
        "The reference and the comparison are right, and Python and the machine did as told.",
    )


def _tried(tally: Sums) -> str:
    if tally.orders == 0:
        return "No block had independent steps to exchange, so this was not tried."
    return (
        f"This was tried, not shown: {tally.exchanged} of {tally.next} blocks were executed in "
        f"{tally.orders} other orders of steps announced as independent."
    )


def _left_out(plan: Survey) -> str:
    nonces = "" if len(plan.scope.nonces) > 1 else "wrong nonces, "
    return f"{nonces}wrong signatures, other assets, absent accounts, rewards"
