"""Small races to explain, and how they are run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lockstep.case.deviation import Deviation, Schedule
from lockstep.case.file import Setting
from lockstep.case.values import BlockStep, Case, Intent
from lockstep.explain.investigate import Investigation, investigate_race
from lockstep.explain.race import Race
from lockstep.run.stores import MemoryStores
from lockstep.targets.named import open_steered
from lockstep.targets.steered import SteeredLane
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Address,
    Burn,
    Chain,
    FeeType,
    NonceBump,
    Payload,
    Policy,
    State,
    Transfer,
    Transfers,
)

ALICE, BOB, CAROL, DAVE, EVE = map(address_of, ("alice", "bob", "carol", "dave", "eve"))


def case_of(accounts: dict[Address, Account], *blocks: tuple[Intent, ...]) -> Case:
    steps = tuple(BlockStep(intents, Policy.SKIP) for intents in blocks)
    return Case(State(Chain(), accounts), steps)


def by_energy(key: str, source: Address, payload: Payload, nonce: int = 0) -> Intent:
    return Intent(key, source, payload, nonce, 0, FeeType.ENERGY)


def sends(key: str, source: Address, *outputs: tuple[Address, int], nonce: int = 0) -> Intent:
    transfers = tuple(Transfer(NATIVE, receiver, amount) for receiver, amount in outputs)
    return by_energy(key, source, Transfers(transfers), nonce)


def has(amount: int = 0, energy: int = 1) -> Account:
    return Account(0, {NATIVE: amount} if amount else {}, None, energy)


FORWARDED = case_of(
    {CAROL: has(1), DAVE: has()}, (sends("t0", CAROL, (DAVE, 1)), sends("t1", DAVE, (EVE, 1)))
)
"""Dave can only send on what carol sends him."""

BUMPED = case_of(
    {ALICE: has(), CAROL: has(15_000)},
    (sends("t0", ALICE, (CAROL, 0)), Intent("t1", CAROL, NonceBump(), 0, 15_000)),
)
"""Alice sends nothing to carol, who pays a fee at the same time."""

FIRST_SEEN = case_of(
    {CAROL: has(10_000)},
    (sends("t0", CAROL, (DAVE, 1)), by_energy("t1", DAVE, Transfers((Transfer(NATIVE, EVE, 0),)))),
)
"""Dave exists only once carol has sent him something."""

BACK = case_of(
    {ALICE: has(), DAVE: has(1)}, (sends("t0", ALICE, (DAVE, 1)), sends("t1", DAVE, (ALICE, 1)))
)
"""Alice has nothing to send before dave pays her."""

SECOND_RECEIVER = case_of(
    {ALICE: has(), CAROL: has(1)},
    (sends("t0", ALICE, (BOB, 0), (CAROL, 0)), sends("t1", CAROL, (DAVE, 1))),
)


def burns(*names: str) -> Case:
    accounts = {address_of(name): has(10_001) for name in names}
    burned = (
        Intent(f"t{number}", address_of(name), Burn(NATIVE, 1), 0, 10_000)
        for number, name in enumerate(names)
    )
    return case_of(accounts, tuple(burned))


BURNED = burns("alice", "bob")


@contextmanager
def running(executor: str, workers: int = 4) -> Iterator[SteeredLane]:
    with open_steered(Setting(executor, workers), MemoryStores()) as lane:
        yield lane


def schedule(*texts: str) -> Schedule:
    return tuple(Deviation.parse(text) for text in texts)


def investigated(executor: str, case: Case, *texts: str) -> Investigation:
    with running(executor) as lane:
        return investigate_race(lane, case, schedule(*texts))


def race_in(executor: str, case: Case, *texts: str) -> Race:
    race = investigated(executor, case, *texts).race
    assert race is not None
    return race
