"""The health gates: the real generator passes each, and a tame one trips the gate it should."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from lockstep.campaign.health import GATES, LEAST_TRANSACTIONS, MANY_TRANSACTIONS, Measure
from lockstep.case.file import Setting
from lockstep.case.values import BlockStep, Case, Intent
from lockstep.generate.decode import decode
from lockstep.generate.mixture import case_at, draw_at
from lockstep.generate.swarm import FEATURES, SWARM_BYTES
from lockstep.run.stores import MemoryStores
from lockstep.targets.named import open_steered
from lockstep_ledger.model import NATIVE, Account, FeeType
from lockstep_ledger.outcome import Code
from tests.harness.small import ALICE, payment

SEED = "health"


def measured(case_of: Callable[[int], Case]) -> Measure:
    """Run just enough cases to be judged."""
    measure = Measure()
    with open_steered(Setting("batched"), MemoryStores()) as lane:
        number = 0
        while measure.transactions < LEAST_TRANSACTIONS:
            measure.see(lane.run_sequential(case_of(number)))
            number += 1
    return measure


def without(*features: str) -> Callable[[int], Case]:
    """Return the generator with these features off in every case."""
    bits = sum(1 << FEATURES.index(each) for each in features).to_bytes(SWARM_BYTES, "big")

    def generate(number: int) -> Case:
        draw = draw_at(SEED, number)
        return decode(replace(draw, header=bits + draw.header[SWARM_BYTES:]))

    return generate


def edited(edit: Callable[[Intent], Intent]) -> Callable[[int], Case]:
    """Return the generator with ``edit`` applied to every transaction."""

    def generate(number: int) -> Case:
        case = case_at(SEED, number)
        steps = (
            replace(
                step,
                transactions=tuple(
                    edit(each) if isinstance(each, Intent) else each for each in step.transactions
                ),
            )
            if isinstance(step, BlockStep)
            else step
            for step in case.steps
        )
        return replace(case, steps=tuple(steps))

    return generate


def everyone_is_rich(number: int) -> Case:
    case = without("boundaries", "extremes", "absent_accounts", "other_assets")(number)
    accounts = {
        address: Account(each.nonce, {NATIVE: 1 << 60}, each.multisig, each.energy)
        for address, each in case.state.accounts.items()
    }
    steps = (
        replace(step, rewards=None) if isinstance(step, BlockStep) else step for step in case.steps
    )
    return replace(case, state=replace(case.state, accounts=accounts), steps=tuple(steps))


TAME: dict[str, Callable[[int], Case]] = {
    "conflict density": lambda _number: payment(),
    "failing share": lambda _number: payment(),
    "late failing share": everyone_is_rich,
    "parallel fraction": edited(lambda intent: replace(intent, source=ALICE)),
    "share of the rarest payload": without("burns"),
    "number of result codes": without(*FEATURES),
}


def names(complaints: Iterable[str]) -> list[str]:
    return [each.name for text in complaints for each in GATES if text.startswith(f"{each.name} ")]


def test_the_campaigns_generator_passes_every_gate() -> None:
    assert measured(lambda number: case_at(SEED, number)).complaints() == []


def test_every_gate_has_a_generator_that_trips_it() -> None:
    assert list(TAME) == [gate.name for gate in GATES]


@pytest.mark.parametrize("gate", TAME)
def test_a_tame_generator_trips_the_gate(gate: str) -> None:
    assert gate in names(measured(TAME[gate]).complaints())


def test_too_many_failures_trip_the_gate_as_too_few_do() -> None:
    unpaid = edited(lambda intent: replace(intent, fee=0, fee_type=FeeType.TOS))
    assert "failing share" in names(measured(unpaid).complaints())


def test_nothing_is_judged_below_the_least_number_of_transactions() -> None:
    assert Measure(transactions=LEAST_TRANSACTIONS - 1).complaints() == []
    assert Measure(transactions=LEAST_TRANSACTIONS).complaints() != []


def test_a_long_campaign_must_meet_every_result_code() -> None:
    measure = measured(lambda number: case_at(SEED, number))
    measure.codes.update(code.name for code in Code)
    measure.codes["NOT_IMPLEMENTED"] = 0
    assert measure.complaints() == []
    factor = -(-MANY_TRANSACTIONS // measure.transactions)
    many = Measure()
    for _ in range(factor):
        many.add(measure)
    assert many.complaints() == ["result codes never met: NOT_IMPLEMENTED"]
