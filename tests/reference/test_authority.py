"""R8 and R9: who must have signed what."""

from __future__ import annotations

import pytest

from lockstep_ledger.block import Envelope
from lockstep_ledger.model import Address, Chain, Multisig, SetMultisig, State
from lockstep_ledger.outcome import Code
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference.rules import verdict
from lockstep_reference.state import Layer
from tests.reference.world import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    RICH,
    account,
    run,
    send,
    to,
)

TWO_OF_THREE = Multisig(2, (BOB, CAROL, DAVE))
FEE_ENOUGH = 50_000
NO_POINT = b"\xff" * 32
Cosigners = tuple[tuple[int, Address], ...] | None


@pytest.mark.parametrize("wrong", [BOB, NO_POINT])
def test_r8_rejects_a_signature_that_is_not_the_source_s(wrong: Address) -> None:
    outcome = run({ALICE: account(RICH)}, send(ALICE, to(BOB), signer=wrong))
    assert outcome.receipts[0].code is Code.INVALID_SIGNATURE


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_r8_rejects_a_source_that_is_no_point_under_every_scheme(scheme: Scheme) -> None:
    storage = MemoryStorage(State(Chain(), {NO_POINT: account(RICH)}))
    envelope = send(NO_POINT, to(BOB))
    assert verdict(envelope, Layer(storage, 0), 3, scheme) is Code.INVALID_SIGNATURE


@pytest.mark.parametrize(
    ("config", "cosigners", "code"),
    [
        (None, None, Code.SUCCESS),
        (None, (), Code.INVALID_PAYLOAD),
        (None, ((0, BOB),), Code.INVALID_PAYLOAD),
        (TWO_OF_THREE, None, Code.INVALID_PAYLOAD),
        (TWO_OF_THREE, (), Code.INVALID_PAYLOAD),
        (TWO_OF_THREE, ((0, BOB),), Code.INVALID_PAYLOAD),
        (TWO_OF_THREE, ((0, BOB), (1, CAROL), (2, DAVE)), Code.INVALID_PAYLOAD),
        (TWO_OF_THREE, ((0, BOB), (1, CAROL)), Code.SUCCESS),
        (TWO_OF_THREE, ((2, DAVE), (0, BOB)), Code.SUCCESS),
        (TWO_OF_THREE, ((0, CAROL), (1, BOB)), Code.INVALID_SIGNATURE),
        (TWO_OF_THREE, ((0, BOB), (3, CAROL)), Code.INVALID_PAYLOAD),
        (TWO_OF_THREE, ((3, BOB), (0, CAROL)), Code.INVALID_PAYLOAD),
        (TWO_OF_THREE, ((0, CAROL), (3, BOB)), Code.INVALID_SIGNATURE),
        (TWO_OF_THREE, ((0, BOB), (1, ALICE)), Code.INVALID_SIGNATURE),
    ],
)
def test_r9_wants_exactly_as_many_valid_cosignatures_as_the_threshold(
    config: Multisig | None, cosigners: Cosigners, code: Code
) -> None:
    accounts = {ALICE: account(RICH, multisig=config)}
    outcome = run(accounts, send(ALICE, to(BOB), fee=FEE_ENOUGH, cosigners=cosigners))
    assert outcome.receipts[0].code is code


@pytest.mark.parametrize(
    ("change", "cosigners", "code"),
    [
        (SetMultisig(1, (CAROL,)), ((0, BOB),), Code.SUCCESS),
        (SetMultisig(1, (CAROL,)), ((0, CAROL),), Code.INVALID_SIGNATURE),
        (SetMultisig(0, ()), ((0, BOB),), Code.SUCCESS),
        (SetMultisig(0, ()), None, Code.INVALID_PAYLOAD),
    ],
)
def test_r9_wants_the_old_participants_to_agree_to_a_change(
    change: SetMultisig, cosigners: Cosigners, code: Code
) -> None:
    accounts = {ALICE: account(RICH, multisig=Multisig(1, (BOB,)))}
    outcome = run(accounts, send(ALICE, change, fee=FEE_ENOUGH, cosigners=cosigners))
    assert outcome.receipts[0].code is code


def codes_after(change: Envelope, *later: Envelope, config: Multisig | None) -> list[Code]:
    outcome = run({ALICE: account(RICH, multisig=config)}, change, *later)
    return [receipt.code for receipt in outcome.receipts]


def test_a_configuration_binds_the_next_transaction_of_the_block() -> None:
    change = send(ALICE, SetMultisig(1, (BOB,)))
    alone = send(ALICE, to(CAROL), 1)
    together = send(ALICE, to(CAROL), 1, fee=FEE_ENOUGH, cosigners=((0, BOB),))
    assert codes_after(change, alone, together, config=None) == [
        Code.SUCCESS,
        Code.INVALID_PAYLOAD,
        Code.SUCCESS,
    ]


def test_a_deleted_configuration_frees_the_next_transaction_of_the_block() -> None:
    change = send(ALICE, SetMultisig(0, ()), fee=FEE_ENOUGH, cosigners=((0, BOB),))
    codes = codes_after(change, send(ALICE, to(CAROL), 1), config=Multisig(1, (BOB,)))
    assert codes == [Code.SUCCESS, Code.SUCCESS]


def test_a_configuration_that_failed_to_be_set_binds_nobody() -> None:
    change = send(ALICE, SetMultisig(1, (BOB,)), signer=CAROL)
    codes = codes_after(change, send(ALICE, to(CAROL)), config=None)
    assert codes == [Code.INVALID_SIGNATURE, Code.SUCCESS]
