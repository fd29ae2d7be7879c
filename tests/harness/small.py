"""Small cases and records, and how these tests run a case on an executor of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockstep.case.file import Record, Setting
from lockstep.case.values import BlockStep, Case, Intent, RewindStep
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores, Stores
from lockstep.targets.inside import InsideTarget
from lockstep.targets.named import open_steered
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Address,
    Chain,
    Policy,
    State,
    Transfer,
    Transfers,
)
from lockstep_parallel.executors.interface import Executor

ALICE, BOB, CAROL, MINER = map(address_of, ("alice", "bob", "carol", "miner"))
FEE = 15_000
RICH = 1_000_000
SETTING = Setting("ours")


def pays(key: str, nonce: int, amount: int = 1, receiver: Address = BOB) -> Intent:
    """Alice pays."""
    return Intent(key, ALICE, Transfers((Transfer(NATIVE, receiver, amount),)), nonce, FEE)


def block(*intents: Intent, policy: Policy = Policy.SKIP) -> BlockStep:
    return BlockStep(intents, policy)


def case_of(*steps: BlockStep | RewindStep) -> Case:
    accounts = {ALICE: Account(0, {NATIVE: RICH}), BOB: Account(5, {NATIVE: 7})}
    return Case(State(Chain(), accounts), steps)


def payment() -> Case:
    """Alice pays bob once."""
    return case_of(block(pays("t0", 0)))


def record(case: Case | None = None, **more: Any) -> Record:
    return Record(case or payment(), {"kind": "hand-written"}, **more)


def run_on(
    executor: Callable[..., Executor],
    case: Case | None = None,
    stores: Stores | None = None,
    driver: str = "scheduled",
) -> Run:
    setting = Setting("ours", driver=driver)
    with open_steered(setting, stores or MemoryStores(), InsideTarget("ours", executor)) as lane:
        return lane.run_sequential(case or payment())
