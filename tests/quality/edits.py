"""Recorded failures of race mutants, and the same mutants after harmless edits of their code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from lockstep.case.file import Record, Setting
from lockstep.case.values import BlockStep, Case, Intent
from lockstep.findings.finding import Settled
from lockstep.run.fingerprint import signature_of
from lockstep.run.stores import MemoryStores
from lockstep.shrink.reduce import reduce
from lockstep.shrink.same_failure import SameFailure, schedule_of
from lockstep.targets.inside import InsideTarget
from lockstep.targets.named import open_steered
from lockstep.targets.steered import SteeredLane
from lockstep_ledger.block import Envelope
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Burn,
    Chain,
    FeeType,
    Policy,
    State,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import Code
from lockstep_mutants.races import CounterUpdateLost, DestinationsMissing, LaterDestinationsMissing
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.ops import Kind, op

MUTANTS = (DestinationsMissing, LaterDestinationsMissing, CounterUpdateLost)
PEOPLE = tuple(map(address_of, ("alice", "bob", "carol", "dave")))
WALKS = 6
"""Random schedules tried on a case before the next one is drawn."""

ENOUGH = 30
"""Executions that shrink the block and its schedule; the amounts do not matter here."""


def recorded_version(mutant: type[Batched]) -> type[Batched]:
    """Return the mutant as it was recorded: with a private operation before it publishes."""

    async def publish(state: BlockState, overlay: Overlay) -> None:
        await op(Kind.WRITE, (("journal", *overlay.nonces.writes),), "journal")
        await mutant.state_class.publish(state, overlay)

    return _with_publish(mutant, publish)


def begins_with_an_operation(mutant: type[Batched]) -> type[Batched]:
    """Return the recorded version with one more operation at the start of every transaction."""
    before = recorded_version(mutant)

    async def transaction(executor: Batched, envelope: Envelope, state: BlockState) -> Code:
        await op(Kind.READ, (("configuration",),), "configuration")
        return await before.transaction(executor, envelope, state)

    return type("Edited", (before,), {"transaction": transaction})


def reads_once_more(mutant: type[Batched]) -> type[Batched]:
    """Return the recorded version with one more read of a shared value before it publishes."""
    before = recorded_version(mutant)

    async def publish(state: BlockState, overlay: Overlay) -> None:
        await state.burned.read("burned")
        await before.state_class.publish(state, overlay)

    return _with_publish(before, publish)


def keeps_no_journal(mutant: type[Batched]) -> type[Batched]:
    """Return the recorded version without its private operation."""
    return mutant


EDITS = (begins_with_an_operation, reads_once_more, keeps_no_journal)


def _with_publish(executor: type[Batched], publish: Callable[..., object]) -> type[Batched]:
    state = type("Edited", (executor.state_class,), {"publish": publish})
    return type("Edited", (executor,), {"state_class": state})


def recordings(mutant: type[Batched], count: int) -> Iterator[Record]:
    """Yield shrunk failures of the recorded version that need a schedule."""
    setting = Setting("recorded")
    target = InsideTarget("recorded", recorded_version(mutant))
    number = 0
    with open_steered(setting, MemoryStores(), target) as lane:
        while count:
            random = Random(number)
            number += 1
            record = _recorded(drawn(random), random, lane)
            if record is not None:
                count -= 1
                yield record


def _recorded(case: Case, random: Random, lane: SteeredLane) -> Record | None:
    for _ in range(WALKS):
        run = lane.run_random(case, random)
        if run.verdict.is_failure:
            oracle = SameFailure(lane, signature_of(run))
            schedule = schedule_of(run, lane.setting.workers)
            reduced = reduce(case, schedule, oracle, ENOUGH)
            final = lane.run_deviating(reduced.case, reduced.schedule)
            assert final.verdict.is_failure
            assert reduced.schedule
            return Settled(reduced, final, repeatable=True).record(lane.setting, {})
    return None


def drawn(random: Random) -> Case:
    """Draw a small block of payments and burns among a few people."""
    sources = random.sample(PEOPLE, random.randint(2, 4))
    intents = [_intent(f"t{number}", source, random) for number, source in enumerate(sources)]
    accounts = {
        each: Account(0, {NATIVE: 10_000 + random.randrange(6)}, None, random.randrange(1, 3))
        for each in PEOPLE
    }
    return Case(State(Chain(), accounts), (BlockStep(tuple(intents), Policy.SKIP),))


def _intent(key: str, source: bytes, random: Random) -> Intent:
    if random.random() < 0.4:
        return Intent(key, source, Burn(NATIVE, random.randrange(1, 6)), 0, 10_000)
    receivers = random.sample([each for each in PEOPLE if each != source], random.randint(1, 2))
    outputs = tuple(Transfer(NATIVE, each, random.randrange(1, 4)) for each in receivers)
    return Intent(key, source, Transfers(outputs), 0, 0, FeeType.ENERGY)
