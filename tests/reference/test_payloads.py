"""R7: what makes a payload unsound."""

from __future__ import annotations

import pytest

from lockstep_ledger.identities import SEEDS, address_of
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Burn,
    Multisig,
    Payload,
    SetMultisig,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import Code
from tests.reference.world import ALICE, BOB, CAROL, DAVE, GOLD, RICH, account, run, send, to

ONE = Multisig(1, (BOB,))


def code_of(payload: Payload, config: Multisig | None = None, fee: int = RICH) -> Code:
    cosigners = None if config is None else ((0, BOB),)
    sender = account(U64_MAX, gold=RICH, multisig=config)
    outcome = run({ALICE: sender}, send(ALICE, payload, fee=fee, cosigners=cosigners))
    return outcome.receipts[0].code


@pytest.mark.parametrize(
    ("outputs", "code"),
    [
        ((to(ALICE),), Code.SELF_OPERATION),
        ((to(BOB), to(ALICE, 0, GOLD)), Code.SELF_OPERATION),
        ((to(BOB, 0),), Code.SUCCESS),
        ((to(BOB), to(BOB)), Code.SUCCESS),
        ((to(BOB, data=b""),), Code.SUCCESS),
        ((to(BOB, data=bytes(128)),), Code.SUCCESS),
        ((to(BOB, data=bytes(129)),), Code.INVALID_PAYLOAD),
        ((to(BOB, data=bytes(129)), to(ALICE)), Code.INVALID_PAYLOAD),
        ((to(ALICE), to(BOB, data=bytes(129))), Code.SELF_OPERATION),
        ((to(BOB, data=bytes(128)),) * 32, Code.SUCCESS),
        ((*(to(BOB, data=bytes(128)),) * 32, to(BOB, data=b"!")), Code.INVALID_PAYLOAD),
        ((*(to(BOB, data=bytes(128)),) * 33, to(ALICE)), Code.SELF_OPERATION),
    ],
)
def test_r7_looks_at_every_output_in_order_and_at_the_sum_of_extra_data_last(
    outputs: tuple[Transfer, ...], code: Code
) -> None:
    assert code_of(Transfers(outputs)) is code


@pytest.mark.parametrize(
    ("amount", "fee", "code"),
    [
        (0, RICH, Code.INVALID_AMOUNT),
        (1, RICH, Code.SUCCESS),
        (U64_MAX - RICH, RICH, Code.SUCCESS),
        (U64_MAX - RICH + 1, RICH, Code.INVALID_FORMAT),
    ],
)
def test_r7_burns_something_that_fits_a_u64_together_with_the_fee(
    amount: int, fee: int, code: Code
) -> None:
    assert code_of(Burn(NATIVE, amount), fee=fee) is code


def test_r7_adds_the_fee_even_to_a_burn_of_another_asset() -> None:
    assert code_of(Burn(GOLD, U64_MAX)) is Code.INVALID_FORMAT


NOBODY = bytes(32)
MANY = tuple(address_of(name) for name in SEEDS if name != "alice")
"""254 participants; NOBODY makes 255, the most a configuration may have."""


@pytest.mark.parametrize(
    ("payload", "config", "code"),
    [
        (SetMultisig(0, ()), None, Code.INVALID_PAYLOAD),
        (SetMultisig(0, ()), ONE, Code.SUCCESS),
        (SetMultisig(0, (BOB,)), None, Code.INVALID_PAYLOAD),
        (SetMultisig(0, (BOB,)), ONE, Code.INVALID_PAYLOAD),
        (SetMultisig(1, ()), None, Code.INVALID_FORMAT),
        (SetMultisig(255, (*MANY, NOBODY)), None, Code.SUCCESS),
        (SetMultisig(1, (*MANY, NOBODY, b"\1" * 32)), None, Code.INVALID_PAYLOAD),
        (SetMultisig(1, (*MANY, NOBODY, BOB)), None, Code.INVALID_PAYLOAD),
        (SetMultisig(1, (BOB, CAROL, BOB)), None, Code.INVALID_SIGNATURE),
        (SetMultisig(4, (BOB, CAROL, BOB)), None, Code.INVALID_SIGNATURE),
        (SetMultisig(2, (BOB, CAROL)), None, Code.SUCCESS),
        (SetMultisig(3, (BOB, CAROL)), None, Code.INVALID_PAYLOAD),
        (SetMultisig(1, (BOB, ALICE)), None, Code.INVALID_PAYLOAD),
        (SetMultisig(1, (BOB,)), ONE, Code.SUCCESS),
        (SetMultisig(1, (DAVE,)), ONE, Code.SUCCESS),
    ],
)
def test_r7_wants_unique_participants_without_the_source_and_a_threshold_they_can_reach(
    payload: SetMultisig, config: Multisig | None, code: Code
) -> None:
    assert code_of(payload, config) is code
