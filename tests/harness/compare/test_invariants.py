"""Each invariant trips on an outcome doctored against it, and on no correct one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case, Intent
from lockstep.compare.invariants import broken_invariants
from lockstep.generate.slots import Shape
from lockstep.generate.strategies import cases
from lockstep_ledger.block import Block, Rewards
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Burn,
    Chain,
    FeeType,
    Multisig,
    NonceBump,
    Policy,
    State,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import Changes, Code, Outcome, Rejection
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference import block as reference
from tests.harness.small import ALICE, BOB, CAROL, FEE, MINER, RICH

GOLD = b"\x11" * 32
CONFIG = Multisig(1, (CAROL,))
STATE = State(
    Chain(),
    {
        ALICE: Account(0, {NATIVE: RICH, GOLD: 10}, energy=3),
        BOB: Account(4, {NATIVE: 7}, CONFIG, energy=2),
    },
)
STEP = BlockStep(
    (
        Intent("t0", ALICE, Transfers((Transfer(GOLD, BOB, 3),)), 0, FEE),
        Intent("t1", ALICE, Burn(NATIVE, 5), 1, FEE),
        Intent("t2", ALICE, Burn(GOLD, 2), 2, FEE),
        Intent("t3", ALICE, NonceBump(), 3, 0, FeeType.ENERGY),
        Intent("t4", ALICE, NonceBump(), 9, FEE),
    ),
    Policy.SKIP,
)


def on_reference(step: BlockStep, state: State = STATE) -> tuple[Block, Outcome]:
    block = realise(step, "keyed-hash")
    return block, reference.execute(block, MemoryStorage(state), SCHEMES["keyed-hash"])


BLOCK, CORRECT = on_reference(STEP)


def doctored(**altered: Any) -> Outcome:
    """Return the correct outcome with entries of its changes replaced or added."""
    changes = CORRECT.changes
    values: dict[str, Any] = {
        name: {**getattr(changes, name), **value} if isinstance(value, dict) else value
        for name, value in altered.items()
    }
    return replace(CORRECT, changes=replace(changes, **values))


def test_the_block_succeeds_in_all_but_the_last_transaction() -> None:
    codes = [receipt.code for receipt in CORRECT.receipts]
    assert codes == [Code.SUCCESS] * 4 + [Code.NONCE_TOO_HIGH]
    assert broken_invariants(BLOCK, STATE, CORRECT) == ()


LEFT = RICH - 5 - 3 * FEE

DOCTORED: dict[str, tuple[Outcome, str]] = {
    "coin appears": (doctored(modified_balances={(ALICE, NATIVE): LEFT + 1}), "supply"),
    "coin disappears": (doctored(modified_balances={(ALICE, NATIVE): LEFT - 1}), "supply"),
    "gold appears": (doctored(modified_balances={(BOB, GOLD): 4}), "supply"),
    "coin at a stranger's": (doctored(modified_balances={(CAROL, NATIVE): 1}), "supply"),
    "burn not counted": (doctored(burned=0), "burned"),
    "gold counted as burned": (doctored(burned=7), "burned"),
    "nonce stands still": (doctored(modified_nonces={ALICE: 3}), "nonce steps"),
    "nonce jumps": (doctored(modified_nonces={ALICE: 5}), "nonce steps"),
    "a receiver's nonce": (doctored(modified_nonces={BOB: 5}), "nonce steps"),
    "energy not spent": (doctored(modified_energies={ALICE: 3}), "energy spent"),
    "energy spent twice": (doctored(modified_energies={ALICE: 1}), "energy spent"),
    "a receiver's energy": (doctored(modified_energies={BOB: 1}), "energy spent"),
    "nonce as before": (doctored(modified_nonces={BOB: 4}), "modified_nonces"),
    "balance as before": (doctored(modified_balances={(BOB, NATIVE): 7}), "modified_balances"),
    "balance of nobody at 0": (
        doctored(modified_balances={(CAROL, NATIVE): 0}),
        "modified_balances",
    ),
    "energy as before": (doctored(modified_energies={BOB: 2}), "modified_energies"),
    "configuration as before": (doctored(modified_multisigs={BOB: CONFIG}), "modified_multisigs"),
    "no configuration as before": (
        doctored(modified_multisigs={ALICE: None}),
        "modified_multisigs",
    ),
    "created who existed": (doctored(created=frozenset({BOB})), "created"),
    "success that was none": (
        replace(
            CORRECT,
            receipts=(*CORRECT.receipts[:4], replace(CORRECT.receipts[4], code=Code.SUCCESS)),
        ),
        "nonce steps",
    ),
}


@pytest.mark.parametrize(("outcome", "field"), DOCTORED.values(), ids=DOCTORED)
def test_a_doctored_outcome_breaks_the_invariant_it_was_doctored_against(
    outcome: Outcome, field: str
) -> None:
    assert field in [each.field for each in broken_invariants(BLOCK, STATE, outcome)]


@pytest.mark.parametrize("receiver", [None, MINER, ALICE])
def test_fees_and_rewards_are_part_of_the_balance(receiver: bytes | None) -> None:
    rewards = Rewards(CAROL, 3, MINER, 4)
    step = replace(STEP, rewards=rewards, fees_to=receiver)
    block, outcome = on_reference(step)
    assert broken_invariants(block, STATE, outcome) == ()
    unpaid = replace(block, rewards=None)
    assert [each.field for each in broken_invariants(unpaid, STATE, outcome)] == ["supply"]
    elsewhere = replace(block, fees_to=None if receiver else MINER)
    assert [each.field for each in broken_invariants(elsewhere, STATE, outcome)] == ["supply"]


REJECTED = Outcome((), Changes(), rejection=Rejection(4, Code.NONCE_TOO_HIGH))


@pytest.mark.parametrize(
    "outcome",
    [
        replace(REJECTED, changes=Changes(height=1)),
        replace(REJECTED, changes=Changes(modified_nonces={ALICE: 1})),
        replace(REJECTED, fees=1),
    ],
)
def test_a_rejected_block_that_changes_anything_is_noticed(outcome: Outcome) -> None:
    assert broken_invariants(BLOCK, STATE, REJECTED) == ()
    assert [each.field for each in broken_invariants(BLOCK, STATE, outcome)] == ["rejected block"]


@given(cases(shapes=(Shape.BOUNDARY, Shape.DENSE)))
def test_no_invariant_trips_on_what_the_reference_gives(case: Case) -> None:
    step = case.steps[0]
    assert isinstance(step, BlockStep)
    block, outcome = on_reference(step, case.state)
    assert broken_invariants(block, case.state, outcome) == ()
