"""R0 to R6: what is looked at before the payload, with the code each rejection has."""

from __future__ import annotations

import pytest

from lockstep_ledger.block import Envelope
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Burn,
    Chain,
    Multisig,
    NonceBump,
    Payload,
    SetMultisig,
    Transfers,
)
from lockstep_ledger.outcome import Code
from lockstep_ledger.wire import open_wire
from tests.reference.world import ALICE, BOB, CAROL, FEE, RICH, account, run, send, to

ENERGY = 1
FIVE_HUNDRED = Transfers((to(BOB, 0),) * 500)
FIVE_HUNDRED_FEE = 36 * 10_000 + 500 * 5_000
"""157 fixed bytes, a count of 2 and 500 outputs of 73 are 36659 bytes: 36 kibibytes."""
TWO = Multisig(2, (BOB, CAROL))


def code_of(envelope: Envelope, native: int = U64_MAX, energy: int = 1, nonce: int = 0) -> Code:
    outcome = run({ALICE: account(native, nonce, energy=energy), BOB: account()}, envelope)
    return outcome.receipts[0].code


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        (open_wire(b""), Code.INVALID_FORMAT),
        (open_wire(b"\x01\x03" + bytes(32) + b"\x05"), Code.NOT_IMPLEMENTED),
        (send(ALICE, Transfers(()), fee=U64_MAX), Code.INVALID_FORMAT),
        (send(ALICE, Transfers((to(BOB, 0),) * 501), fee=U64_MAX), Code.INVALID_FORMAT),
        (send(ALICE, FIVE_HUNDRED, fee=FIVE_HUNDRED_FEE), Code.SUCCESS),
        (
            send(ALICE, to(BOB), fee=RICH, cosigners=((0, BOB), (0, CAROL))),
            Code.INVALID_FORMAT,
        ),
    ],
    ids=["no bytes", "other type", "0 outputs", "501 outputs", "500 outputs", "signer id twice"],
)
def test_r0_rejects_what_is_no_transaction(envelope: Envelope, code: Code) -> None:
    assert code_of(envelope) is code


@pytest.mark.parametrize(
    ("of_transaction", "of_chain", "code"),
    [(3, 3, Code.SUCCESS), (0, 3, Code.INVALID_TYPE), (3, 0, Code.INVALID_TYPE)],
)
def test_r1_rejects_another_chain(of_transaction: int, of_chain: int, code: Code) -> None:
    envelope = send(ALICE, to(BOB), chain_id=of_transaction)
    outcome = run({ALICE: account(RICH)}, envelope, chain=Chain(chain_id=of_chain))
    assert outcome.receipts[0].code is code


def test_r2_rejects_a_source_that_does_not_exist() -> None:
    assert code_of(send(CAROL, to(BOB))) is Code.ACCOUNT_NOT_FOUND


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        (send(ALICE, to(BOB), fee=0, fee_type=ENERGY), Code.SUCCESS),
        (send(ALICE, NonceBump(), fee=0, fee_type=ENERGY), Code.SUCCESS),
        (send(ALICE, Burn(NATIVE, 1), fee=0, fee_type=ENERGY), Code.INVALID_FORMAT),
        (send(ALICE, Burn(NATIVE, 1), fee=1, fee_type=ENERGY), Code.INVALID_FORMAT),
        (send(ALICE, SetMultisig(1, (BOB,)), fee=0, fee_type=ENERGY), Code.INVALID_FORMAT),
        (send(ALICE, to(BOB), fee=1, fee_type=ENERGY), Code.INVALID_PAYLOAD),
        (send(ALICE, to(BOB), fee_type=2), Code.INVALID_FORMAT),
        (send(ALICE, to(BOB), fee=0, fee_type=2), Code.INVALID_FORMAT),
        (send(ALICE, to(BOB), fee_type=255), Code.INVALID_FORMAT),
    ],
)
def test_r3_lets_energy_pay_for_transfers_and_bumps_at_no_fee(
    envelope: Envelope, code: Code
) -> None:
    assert code_of(envelope) is code


ELEVEN = (to(BOB),) * 11
"""A transaction of 962 bytes; extra data adds its length and 2."""
MINIMUM_FEES: dict[str, tuple[Payload, int]] = {
    "transfer": (Transfers((to(BOB),)), 15_000),
    "two outputs": (Transfers((to(BOB), to(CAROL))), 20_000),
    "nonce bump, priced as a transfer": (NonceBump(), 15_000),
    "burn": (Burn(NATIVE, 1), 10_000),
    "multisig": (SetMultisig(1, (BOB,)), 10_000),
    "1024 bytes": (Transfers((*ELEVEN[1:], to(BOB, data=bytes(60)))), 10_000 + 11 * 5_000),
    "1025 bytes": (Transfers((*ELEVEN[1:], to(BOB, data=bytes(61)))), 20_000 + 11 * 5_000),
    "500 outputs": (FIVE_HUNDRED, FIVE_HUNDRED_FEE),
}


@pytest.mark.parametrize(("payload", "fee"), MINIMUM_FEES.values(), ids=MINIMUM_FEES)
def test_r4_accepts_the_minimum_fee_and_rejects_one_less(payload: Payload, fee: int) -> None:
    assert code_of(send(ALICE, payload, fee=fee)) is Code.SUCCESS
    assert code_of(send(ALICE, payload, fee=fee - 1)) is Code.INSUFFICIENT_FEE


def test_r4_charges_for_every_cosignature() -> None:
    accounts = {ALICE: account(RICH, multisig=TWO), BOB: account()}
    cosigners = ((0, BOB), (1, CAROL))
    for fee, code in ((25_000, Code.SUCCESS), (24_999, Code.INSUFFICIENT_FEE)):
        outcome = run(accounts, send(ALICE, to(BOB), fee=fee, cosigners=cosigners))
        assert outcome.receipts[0].code is code


@pytest.mark.parametrize(
    ("nonce", "stored", "code"),
    [
        (7, 7, Code.SUCCESS),
        (6, 7, Code.NONCE_TOO_LOW),
        (0, U64_MAX, Code.NONCE_TOO_LOW),
        (8, 7, Code.NONCE_TOO_HIGH),
        (U64_MAX, 0, Code.NONCE_TOO_HIGH),
        (U64_MAX - 1, U64_MAX - 1, Code.SUCCESS),
        (U64_MAX, U64_MAX, Code.OVERFLOW),
    ],
)
def test_r5_wants_the_nonce_of_the_account_and_a_next_one(
    nonce: int, stored: int, code: Code
) -> None:
    assert code_of(send(ALICE, to(BOB), nonce), nonce=stored) is code


@pytest.mark.parametrize(
    ("native", "code"),
    [
        (FEE - 1, Code.INSUFFICIENT_FEE),
        (FEE, Code.INSUFFICIENT_BALANCE),
        (FEE + 1, Code.SUCCESS),
    ],
)
def test_r6_wants_the_fee_alone_before_r10_wants_the_whole(native: int, code: Code) -> None:
    assert code_of(send(ALICE, to(BOB, 1)), native) is code


@pytest.mark.parametrize(("energy", "code"), [(0, Code.INSUFFICIENT_ENERGY), (1, Code.SUCCESS)])
def test_r6_wants_one_energy_where_energy_pays(energy: int, code: Code) -> None:
    assert code_of(send(ALICE, to(BOB), fee=0, fee_type=ENERGY), energy=energy) is code
