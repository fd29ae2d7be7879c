"""Tells a failure that needs what came before its block from one that the state alone gives.

Invariant: a failure is called ``history`` only if the same block, in the same manner, agreed every
time on the same state loaded, and failed every time after all that led to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from lockstep.case.judging import EXACTLY, Judging
from lockstep.case.values import Case
from lockstep.run.ask import judge
from lockstep.run.expected import ExpectedChain
from lockstep.run.result import StepFailure
from lockstep.verdict import Difference, NoOutcome, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome

AFRESH = 3
"""How often a block must agree on its state loaded."""
AGAIN = 2
"""How often it must fail after all that led to it."""


class Past(Protocol):
    """What led to a block that was executed; ``blocks`` counts those of it."""

    @property
    def blocks(self) -> int:
        """How many blocks were executed before this one."""
        ...

    def afresh(self) -> Outcome:
        """Execute the block on the same state, loaded, with nothing before it."""
        ...

    def again(self) -> Outcome:
        """Execute the block after all that led to it, once more."""
        ...


@runtime_checkable
class Following(Protocol):
    """What has to know whose keys a case needs, and which versions its chain has."""

    def follow(self, case: Case, chain: ExpectedChain) -> None:
        """Be told of a case, and of the chain that grows with it."""
        ...


@runtime_checkable
class Remembering(Following, Protocol):
    """What is asked and holds a state of its own, which earlier blocks led to."""

    def past(self) -> Past | None:
        """Return what led to the last block; None if its state had been loaded for it."""
        ...

    def rewound(self, blocks: int) -> None:
        """Take back blocks that were merged. Raises ``NoOutcome``."""
        ...


def past_of(asked: object) -> Past | None:
    """Return what led to the block that was asked for last, None if nothing did."""
    return asked.past() if isinstance(asked, Remembering) else None


def ask_to_rewind(asked: object, blocks: int) -> StepFailure | None:
    """Have ``blocks`` taken back that were merged, and return what went wrong."""
    if not isinstance(asked, Remembering):
        return None
    try:
        asked.rewound(blocks)
    except NoOutcome as error:
        return StepFailure(error.verdict, error.differences)
    return None


def by_history(
    failure: StepFailure,
    past: Past,
    block: Block,
    before: State,
    expected: Outcome,
    judging: Judging = EXACTLY,
) -> StepFailure | None:
    """Return ``failure`` as one of history, None if it is not."""

    def fails(execute: Callable[[], Outcome]) -> bool | None:
        try:
            return judge(block, before, expected, execute(), judging) is not None
        except (NoOutcome, ValueError):
            return None

    if any(fails(past.afresh) is not False for _ in range(AFRESH)):
        return None
    if any(fails(past.again) is not True for _ in range(AGAIN)):
        return None
    where = "after 1 block" if past.blocks == 1 else f"after {past.blocks} blocks"
    where = where if past.blocks else "with the versions before it"
    reached = Difference("history", where, "as on the same state loaded", "differs")
    return StepFailure(Verdict.HISTORY, (*failure.differences, reached))
