"""Faults in paying rewards: where they go, and when."""

from __future__ import annotations

from lockstep_ledger.block import Block, Rewards
from lockstep_ledger.outcome import NO_CHANGES, Code, Outcome, Rejection
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Driver


class _PaidElsewhere(BlockState):
    def pay_rewards(self, rewards: Rewards) -> bool:
        """Credit dev and miner in a state beside this one."""
        return BlockState(self.storage).pay_rewards(rewards)


class RewardElsewhere(Batched):
    """T11a: rewards are written where neither transactions nor the merge look."""

    name = "reward-elsewhere"
    state_class = _PaidElsewhere


class RewardAfterwards(Batched):
    """T11b: rewards are paid after the transactions, which cannot spend them."""

    name = "reward-afterwards"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Run the transactions, then do what should have preceded them."""
        state = self.state_class(storage)
        results = self.run(block, state, driver)
        if not self.before(block, state):
            return Outcome((), NO_CHANGES, rejection=Rejection(None, Code.OVERFLOW))
        return self.conclude(block, state, results)
