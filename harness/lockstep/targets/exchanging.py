"""A steered lane that believes no announcement: every agreement is tried in other orders."""

from __future__ import annotations

from lockstep.case.values import Case
from lockstep.run.drivers import Ways
from lockstep.run.result import Run, StepFailure
from lockstep.targets.steered import SteeredLane
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_parallel.steps.drivers.protocol import Driver


class ExchangingLane(SteeredLane):
    """Runs cases on ``lane``, which stays open, and those that agree with steps exchanged too.

    On it a failure that only an exchange shows comes back, shrinks and replays like any other.
    """

    def __init__(self, lane: SteeredLane) -> None:
        super().__init__(lane.setting)
        self._lane = lane

    def run(self, case: Case, ways: Ways[Driver]) -> Run:
        """Run ``case`` under the drivers given, then in other orders of the last traces."""
        run = self._lane.run(case, ways)
        return self._lane.run_exchanged(case, run).failing or run

    def renew(self) -> None:
        """Forget whatever earlier cases left in the executor."""
        self._lane.renew()

    def execute(
        self, block: Block, before: State, scheme: str
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Execute one block in the sequential order."""
        return self._lane.execute(block, before, scheme)

    def identity(self) -> dict[str, str]:
        """Say what the lane says."""
        return self._lane.identity()

    def close(self) -> None:
        """Close nothing: the lane belongs to whoever opened it."""
