"""Small cases, and how these tests run a case on an executor."""

from __future__ import annotations

from functools import lru_cache

from lockstep.case.file import Record, Setting, load
from lockstep.case.values import BlockStep, Case, Intent
from lockstep.generate.mixture import case_at
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.streams import stream
from lockstep.targets.named import open_steered
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Chain,
    ChainId,
    FeeType,
    Policy,
    State,
    Transfer,
    Transfers,
)
from lockstep_mutants.catalogue import Row
from tests.repository import REPOSITORY

FOLDER = REPOSITORY / "corpora" / "mutants"
ALICE, BOB = address_of("alice"), address_of("bob")

generated = lru_cache(maxsize=4096)(case_at)
"""A case of the campaign, generated once for all mutants."""


def smallest_case(row: Row) -> Record:
    return load(FOLDER / row.case)


def payment(amount: int, chain_id: int = ChainId.DEVNET) -> Case:
    """Alice, who has 1 coin and 1 energy, pays Bob, who has nothing but exists."""
    output = Transfer(NATIVE, BOB, amount)
    intent = Intent("t0", ALICE, Transfers((output,)), 0, 0, FeeType.ENERGY, chain_id)
    accounts = {ALICE: Account(0, {NATIVE: 1}, None, 1), BOB: Account()}
    return Case(State(Chain(), accounts), (BlockStep((intent,), Policy.SKIP),))


def setting_of(row: Row) -> Setting:
    return Setting(row.executor, storage=row.storage)


def run_on(setting: Setting, case: Case) -> Run:
    with open_steered(setting, MemoryStores()) as lane:
        return lane.run_sequential(case)


def cases_to_detection(setting: Setting, seed: str, limit: int) -> int | None:
    """Count the generated cases up to the first that fails; None if none of ``limit`` does."""
    with open_steered(setting, MemoryStores()) as lane:
        runs = (
            lane.run_random(generated(seed, number), stream(seed, "walk", number))
            for number in range(limit)
        )
        failing = (number for number, run in enumerate(runs, start=1) if run.verdict.is_failure)
        return next(failing, None)
