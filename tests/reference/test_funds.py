"""R10 and R11: what a source must have, and what may overflow while effects are applied."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Account,
    Address,
    Burn,
    Chain,
    NonceBump,
    SetMultisig,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import Changes, Code, Receipt
from tests.reference.world import (
    ALICE,
    BOB,
    CAROL,
    FEE,
    GOLD,
    RICH,
    SILVER,
    account,
    run,
    send,
    to,
)

MANY_FEE = 30_000
FULL = account(U64_MAX, gold=U64_MAX)


def code_of(
    outputs: tuple[Transfer, ...],
    native: int = RICH,
    gold: int = 10,
    others: Mapping[Address, Account] = {},
) -> Code:
    accounts = {ALICE: account(native, gold=gold), **others}
    return run(accounts, send(ALICE, Transfers(outputs), fee=MANY_FEE)).receipts[0].code


@pytest.mark.parametrize(
    ("outputs", "native", "code"),
    [
        ((to(BOB, RICH - MANY_FEE),), RICH, Code.SUCCESS),
        ((to(BOB, RICH - MANY_FEE + 1),), RICH, Code.INSUFFICIENT_BALANCE),
        ((to(BOB, 5, GOLD), to(CAROL, 5, GOLD)), RICH, Code.SUCCESS),
        ((to(BOB, 5, GOLD), to(CAROL, 6, GOLD)), RICH, Code.INSUFFICIENT_BALANCE),
        ((to(BOB, 10, GOLD),), MANY_FEE, Code.SUCCESS),
        ((to(BOB, 0, SILVER),), MANY_FEE, Code.SUCCESS),
        ((to(BOB, 1, SILVER),), MANY_FEE, Code.INSUFFICIENT_BALANCE),
        ((to(BOB, U64_MAX, GOLD), to(BOB, 1, GOLD)), RICH, Code.OVERFLOW),
        ((to(BOB, U64_MAX - MANY_FEE),), RICH, Code.INSUFFICIENT_BALANCE),
        ((to(BOB, U64_MAX - MANY_FEE + 1),), RICH, Code.OVERFLOW),
    ],
)
def test_r10_wants_every_asset_to_cover_its_outputs_and_the_fee(
    outputs: tuple[Transfer, ...], native: int, code: Code
) -> None:
    assert code_of(outputs, native) is code


SHORT = to(BOB, 11, GOLD)
TOO_MUCH = (to(BOB, U64_MAX, SILVER), to(BOB, 1, SILVER))


@pytest.mark.parametrize(
    ("outputs", "code"),
    [
        ((SHORT, *TOO_MUCH), Code.INSUFFICIENT_BALANCE),
        ((*TOO_MUCH, SHORT), Code.OVERFLOW),
        ((TOO_MUCH[0], SHORT, TOO_MUCH[1]), Code.OVERFLOW),
        ((SHORT, to(BOB, U64_MAX)), Code.INSUFFICIENT_BALANCE),
        ((to(BOB, U64_MAX), SHORT), Code.OVERFLOW),
        ((to(BOB, 0), SHORT, to(BOB, U64_MAX)), Code.OVERFLOW),
    ],
)
def test_r10_takes_the_assets_in_the_order_they_are_first_seen(
    outputs: tuple[Transfer, ...], code: Code
) -> None:
    assert code_of(outputs) is code


def test_r10_looks_at_the_native_fee_last_when_no_output_is_native() -> None:
    exactly_the_fee = send(ALICE, to(BOB, 11, GOLD))
    outcome = run({ALICE: account(FEE, gold=10)}, exactly_the_fee)
    assert outcome.receipts[0].code is Code.INSUFFICIENT_BALANCE


def test_r10_debits_a_burn_together_with_its_fee() -> None:
    for amount, code in ((985_000, Code.SUCCESS), (985_001, Code.INSUFFICIENT_BALANCE)):
        outcome = run({ALICE: account(RICH)}, send(ALICE, Burn(NATIVE, amount)))
        assert outcome.receipts[0].code is code


@pytest.mark.parametrize(
    ("stored", "outputs", "code"),
    [
        (U64_MAX - 5, (to(BOB, 5, GOLD),), Code.SUCCESS),
        (U64_MAX - 5, (to(BOB, 6, GOLD),), Code.OVERFLOW),
        (U64_MAX - 5, (to(BOB, 3, GOLD), to(BOB, 2, GOLD)), Code.SUCCESS),
        (U64_MAX - 5, (to(BOB, 3, GOLD), to(BOB, 3, GOLD)), Code.OVERFLOW),
        (U64_MAX, (to(BOB, 0, GOLD),), Code.SUCCESS),
        (U64_MAX, (to(BOB, 1),), Code.SUCCESS),
    ],
)
def test_r11_lets_a_receiver_fill_up_to_the_last_unit_of_each_asset(
    stored: int, outputs: tuple[Transfer, ...], code: Code
) -> None:
    assert code_of(outputs, others={BOB: account(gold=stored)}) is code


@pytest.mark.parametrize(
    ("payload", "burned", "code", "counted"),
    [
        (Burn(NATIVE, 7), 0, Code.SUCCESS, 7),
        (Burn(NATIVE, 7), U64_MAX - 7, Code.SUCCESS, 7),
        (Burn(NATIVE, 7), U64_MAX - 6, Code.OVERFLOW, 0),
        (Burn(GOLD, 7), U64_MAX, Code.SUCCESS, 0),
    ],
)
def test_r11_counts_native_burns_only_and_never_past_u64(
    payload: Burn, burned: int, code: Code, counted: int
) -> None:
    chain = Chain(burned=burned)
    outcome = run({ALICE: account(RICH, gold=10)}, send(ALICE, payload), chain=chain)
    assert outcome.receipts[0].code is code
    assert outcome.changes.burned == counted


# The effects of success.


def test_a_transfer_debits_the_source_by_asset_and_credits_or_creates_the_receivers() -> None:
    outputs = (to(BOB, 3, GOLD), to(CAROL, 4), to(BOB, 2, GOLD))
    envelope = send(ALICE, Transfers(outputs), 7, fee=MANY_FEE)
    outcome = run({ALICE: account(RICH, 7, gold=10), BOB: account(gold=1)}, envelope)
    assert outcome.receipts == (Receipt(0, envelope.hash, Code.SUCCESS, MANY_FEE),)
    assert outcome.changes == Changes(
        modified_nonces={ALICE: 8},
        modified_balances={
            (ALICE, NATIVE): RICH - 4 - MANY_FEE,
            (ALICE, GOLD): 5,
            (BOB, GOLD): 6,
            (CAROL, NATIVE): 4,
        },
        created=frozenset({CAROL}),
        height=1,
    )
    assert outcome.fees == MANY_FEE


def test_an_amount_of_zero_creates_its_receiver_and_modifies_no_balance() -> None:
    outcome = run({ALICE: account(RICH)}, send(ALICE, to(BOB, 0)))
    assert outcome.changes.created == {BOB}
    assert outcome.changes.modified_balances == {(ALICE, NATIVE): RICH - FEE}


def test_energy_pays_one_unit_and_no_coin() -> None:
    envelope = send(ALICE, NonceBump(), fee=0, fee_type=1)
    outcome = run({ALICE: account(RICH, energy=2)}, envelope)
    assert outcome.changes == Changes(
        modified_nonces={ALICE: 1}, modified_energies={ALICE: 1}, height=1
    )
    assert outcome.receipts == (Receipt(0, envelope.hash, Code.SUCCESS, 0),)


def test_a_nonce_bump_takes_its_fee_and_touches_nobody_else() -> None:
    outcome = run({ALICE: account(RICH)}, send(ALICE, NonceBump()))
    assert outcome.changes == Changes(
        modified_nonces={ALICE: 1}, modified_balances={(ALICE, NATIVE): RICH - FEE}, height=1
    )


def test_participants_keep_the_order_they_were_given_in() -> None:
    outcome = run({ALICE: account(RICH)}, send(ALICE, SetMultisig(1, (CAROL, BOB))))
    config = outcome.changes.modified_multisigs[ALICE]
    assert config is not None
    assert config.participants == (CAROL, BOB)


def test_what_ends_as_it_began_is_not_modified() -> None:
    there, back = send(ALICE, to(BOB, 5, GOLD)), send(BOB, to(ALICE, 5, GOLD))
    outcome = run({ALICE: account(RICH, gold=5), BOB: account(RICH)}, there, back)
    assert outcome.changes.modified_balances.keys() == {(ALICE, NATIVE), (BOB, NATIVE)}
    assert outcome.changes.modified_nonces == {ALICE: 1, BOB: 1}


def test_a_full_account_can_still_pay_and_be_paid_back() -> None:
    there, back = send(ALICE, to(BOB, 9, GOLD)), send(BOB, to(ALICE, 9, GOLD))
    outcome = run({ALICE: FULL, BOB: account(RICH)}, there, back)
    assert [each.code for each in outcome.receipts] == [Code.SUCCESS, Code.SUCCESS]
