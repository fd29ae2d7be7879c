"""An executor that touches what it did not announce is caught; a correct one never is."""

from __future__ import annotations

import pytest

from lockstep.case.file import Setting
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.targets.inside import InsideTarget
from lockstep.targets.named import open_steered
from lockstep.verdict import Verdict
from lockstep_ledger.block import Envelope
from lockstep_ledger.outcome import Code
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.ops import Kind, op
from tests.harness.small import ALICE, BOB, payment


class ReadsUnderNothing(Batched):
    """Looks at the burned counter before it has announced anything."""

    async def transaction(self, envelope: Envelope, state: BlockState) -> Code:
        assert state.burned.value >= 0
        return await super().transaction(envelope, state)


class _WritesUnderRead(BlockState):
    async def publish(self, overlay: Overlay) -> None:
        await op(Kind.READ, self.written_keys(overlay), "publish")
        self.write(overlay)


class WritesUnderRead(Batched):
    """Announces a read and writes."""

    state_class = _WritesUnderRead


class _NamesAnotherKey(BlockState):
    async def publish(self, overlay: Overlay) -> None:
        await op(Kind.WRITE, (self.nonces.key(ALICE), self.nonces.key(BOB)), "publish")
        self.write(overlay)


class NamesAnotherKey(Batched):
    """Announces the nonces and writes balances too."""

    state_class = _NamesAnotherKey


class _LeavesOutTheReceiver(BlockState):
    async def balance(self, key: tuple[bytes, bytes]) -> int:
        value = await self.balances.read(key)
        return value + 0 * (self.balances.values.get((BOB, key[1])) or 0)


class ReadsAnotherKey(Batched):
    """Announces one balance and looks at another."""

    state_class = _LeavesOutTheReceiver


UNANNOUNCED = (ReadsUnderNothing, WritesUnderRead, NamesAnotherKey, ReadsAnotherKey)


def run_sequentially(executor: type[Batched]) -> Run:
    with open_steered(Setting("ours"), MemoryStores(), InsideTarget("ours", executor)) as lane:
        return lane.run_sequential(payment())


@pytest.mark.parametrize("executor", UNANNOUNCED)
def test_an_unannounced_access_is_a_crash_that_says_so(executor: type[Batched]) -> None:
    run = run_sequentially(executor)
    assert run.verdict is Verdict.CRASH
    assert any("UnannouncedAccess" in each.actual for each in run.differences)


def test_real_threads_do_not_audit() -> None:
    setting = Setting("ours", driver="threads")
    with open_steered(setting, MemoryStores(), InsideTarget("ours", ReadsUnderNothing)) as lane:
        assert lane.run_sequential(payment()).verdict is Verdict.AGREE
