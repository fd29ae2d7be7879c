"""A lane as an oracle: what is under test is held against what it gives in its sequential mode.

Invariant: what an oracle gives is an outcome that can be held against another and merged; anything
else of it ends the case under the verdict that it earns, told as the oracle's.
"""

from __future__ import annotations

from dataclasses import replace

from lockstep.case.values import Case
from lockstep.compare.invariants import unknown_accounts
from lockstep.compare.outcomes import well_typed
from lockstep.compare.widths import beyond_width
from lockstep.run.expected import ExpectedChain
from lockstep.targets.target import Lane
from lockstep.verdict import Difference, NoOutcome, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome


class LaneOracle:
    """What a target gives that executes one transaction after another; owns its ``lane``."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def follow(self, case: Case, chain: ExpectedChain) -> None:
        """Let the target know the case and its chain, as what is under test does."""
        self._lane.follow(case, chain)

    def outcome(self, block: Block, before: State, scheme: str) -> Outcome:
        """Return what it gives for ``block`` on ``before``. Raises ``NoOutcome``."""
        outcome, failure = self._lane.execute_in_order(block, before, scheme)
        if outcome is None:
            assert failure is not None, "an outcome, or why there is none"
            raise _told(failure.verdict, failure.differences)
        if outcome.faults:
            first = outcome.faults[0]
            raise NoOutcome.because(Verdict.CRASH, "oracle fault", str(first.error))
        wrong = _unusable(before, outcome)
        if wrong:
            raise _told(Verdict.PROTOCOL_ERROR, wrong)
        return outcome

    def close(self) -> None:
        """Close the lane."""
        self._lane.close()


def _unusable(before: State, outcome: Outcome) -> tuple[Difference, ...]:
    if not well_typed(outcome):
        return (Difference("executor", "types", "the types of the outcome", repr(outcome)),)
    return tuple(beyond_width(outcome)) or tuple(unknown_accounts(before, outcome))


def _told(verdict: Verdict, differences: tuple[Difference, ...]) -> NoOutcome:
    """Say whose failure it is: the first difference names the oracle."""
    told = [replace(each, where=f"oracle {each.where}") for each in differences[:1]]
    return NoOutcome(verdict, *told, *differences[1:])
