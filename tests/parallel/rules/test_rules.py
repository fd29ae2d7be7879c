from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep_ledger.block import Envelope, Undecodable, UnsupportedKind
from lockstep_ledger.model import (
    U64_MAX,
    Account,
    Address,
    Burn,
    Cosignature,
    Multisig,
    NonceBump,
    Payload,
    SetMultisig,
    Transaction,
    Transfers,
)
from lockstep_ledger.outcome import NO_CHANGES, Code
from lockstep_ledger.wire import seal
from lockstep_parallel.rules.rules import Rules
from tests.parallel.world import (
    FEE,
    GOLD,
    NO_SIGNATURE,
    SCHEME,
    A,
    B,
    C,
    D,
    account,
    address,
    burn,
    pay,
    reader,
    run,
    seal_signed,
    set_multisig,
    sign,
    to,
)

RICH = account(10 * FEE, gold=100)
CONFIG = Multisig(2, (B, C, D))
BOUND = account(10 * FEE, multisig=CONFIG)
ONE = Transfers((to(B, 1),))


def code_of(
    envelope: Envelope, source: Account | None = RICH, burned: int = 0, **others: Account
) -> Code:
    """Execute ``envelope`` alone and return its code; assert that a failure changed nothing."""
    accounts: dict[Address, Account] = {address(name): each for name, each in others.items()}
    if source is not None:
        accounts[A] = source
    outcome = run(reader(accounts, burned), envelope)
    (receipt,) = outcome.receipts
    assert outcome.faults == ()
    if receipt.code is not Code.SUCCESS:
        assert replace(outcome.changes, height=0) == NO_CHANGES
        assert receipt.gas_used == outcome.fees == 0
    return receipt.code


@pytest.mark.parametrize("payload", [ONE, Burn(GOLD, 1), SetMultisig(1, (B,)), NonceBump()])
def test_every_kind_of_payload_can_succeed(payload: Payload) -> None:
    assert code_of(seal_signed(A, payload)) is Code.SUCCESS


# R0


def test_undecodable_bytes_are_an_invalid_format() -> None:
    envelope = Envelope(Undecodable("short"), b"", 3, bytes(32), bytes(3))
    assert code_of(envelope) is Code.INVALID_FORMAT


def test_a_known_but_unsupported_kind_is_not_implemented() -> None:
    envelope = Envelope(UnsupportedKind(9), b"", 200, bytes(32), bytes(200))
    assert code_of(envelope) is Code.NOT_IMPLEMENTED


@pytest.mark.parametrize(
    ("count", "code"),
    [(0, Code.INVALID_FORMAT), (500, Code.SUCCESS), (501, Code.INVALID_FORMAT)],
)
def test_a_transaction_has_1_to_500_transfers(count: int, code: Code) -> None:
    envelope = pay(A, *[to(B, 0)] * count, fee=5_000_000)
    assert code_of(envelope, account(5_000_000)) is code


def test_a_signer_id_twice_is_an_invalid_format() -> None:
    envelope = seal_signed(A, ONE, cosigners=[(1, C), (1, C)])
    assert code_of(envelope, BOUND) is Code.INVALID_FORMAT


# R1 to R4


def test_another_chains_transaction_is_of_an_invalid_type() -> None:
    assert code_of(seal_signed(A, ONE, chain_id=0)) is Code.INVALID_TYPE


def test_a_source_that_does_not_exist_is_not_found() -> None:
    assert code_of(seal_signed(A, ONE), source=None) is Code.ACCOUNT_NOT_FOUND


@pytest.mark.parametrize("payload", [Burn(GOLD, 1), SetMultisig(1, (B,))])
def test_energy_pays_for_nothing_but_transfers(payload: Payload) -> None:
    envelope = seal_signed(A, payload, fee=0, fee_type=1)
    assert code_of(envelope, account(energy=1, gold=1)) is Code.INVALID_FORMAT


def test_an_energy_fee_costs_no_coin() -> None:
    envelope = seal_signed(A, ONE, fee=1, fee_type=1)
    assert code_of(envelope, account(10, energy=1)) is Code.INVALID_PAYLOAD


def test_an_unknown_fee_type_is_an_invalid_format() -> None:
    assert code_of(seal_signed(A, ONE, fee_type=2)) is Code.INVALID_FORMAT


@pytest.mark.parametrize(
    ("payload", "least"),
    [
        (ONE, 15_000),
        (Transfers((to(B, 1), to(C, 1))), 20_000),
        (Transfers((to(B, 1),) * 13), 85_000),
        (NonceBump(), 15_000),
        (Burn(GOLD, 1), 10_000),
        (SetMultisig(1, (B,)), 10_000),
    ],
)
def test_the_fee_covers_size_and_transfers_exactly(payload: Payload, least: int) -> None:
    assert code_of(seal_signed(A, payload, fee=least)) is Code.SUCCESS
    assert code_of(seal_signed(A, payload, fee=least - 1)) is Code.INSUFFICIENT_FEE


def test_the_fee_covers_every_cosignature() -> None:
    cosigners = [(0, B), (2, D)]
    enough = seal_signed(A, ONE, fee=25_000, cosigners=cosigners)
    short = seal_signed(A, ONE, fee=24_999, cosigners=cosigners)
    assert code_of(enough, BOUND) is Code.SUCCESS
    assert code_of(short, BOUND) is Code.INSUFFICIENT_FEE


# R5 and R6


@pytest.mark.parametrize(
    ("nonce", "code"), [(4, Code.NONCE_TOO_LOW), (5, Code.SUCCESS), (6, Code.NONCE_TOO_HIGH)]
)
def test_a_nonce_is_exactly_the_accounts_next(nonce: int, code: Code) -> None:
    assert code_of(seal_signed(A, ONE, nonce), account(10 * FEE, nonce=5)) is code


def test_the_last_nonce_has_no_successor() -> None:
    last = account(10 * FEE, nonce=U64_MAX)
    assert code_of(seal_signed(A, ONE, U64_MAX), last) is Code.OVERFLOW
    assert code_of(seal_signed(A, ONE, U64_MAX - 1), last) is Code.NONCE_TOO_LOW


def test_a_balance_below_the_fee_is_an_insufficient_fee() -> None:
    assert code_of(seal_signed(A, NonceBump()), account(FEE - 1)) is Code.INSUFFICIENT_FEE
    assert code_of(seal_signed(A, NonceBump()), account(FEE)) is Code.SUCCESS


@pytest.mark.parametrize("payload", [ONE, NonceBump()])
def test_an_energy_fee_takes_one_energy(payload: Payload) -> None:
    envelope = seal_signed(A, payload, fee=0, fee_type=1)
    assert code_of(envelope, account(1)) is Code.INSUFFICIENT_ENERGY
    assert code_of(envelope, account(1, energy=1)) is Code.SUCCESS


# R7


def test_a_transfer_to_oneself_is_a_self_operation() -> None:
    assert code_of(pay(A, to(B, 1), to(A, 1))) is Code.SELF_OPERATION


def test_transfers_are_checked_one_after_another() -> None:
    long = to(B, 1, data=bytes(129))
    assert code_of(pay(A, long, to(A, 1))) is Code.INVALID_PAYLOAD
    assert code_of(pay(A, to(A, 1), long)) is Code.SELF_OPERATION


def test_extra_data_has_at_most_128_bytes_each_and_4096_together() -> None:
    full = to(B, 1, data=bytes(128))
    assert code_of(pay(A, to(B, 1, data=bytes(129)))) is Code.INVALID_PAYLOAD
    assert code_of(pay(A, *[full] * 32, fee=3 * FEE)) is Code.SUCCESS
    above = pay(A, *[full] * 32, to(B, 1, data=b"x"), fee=3 * FEE)
    assert code_of(above) is Code.INVALID_PAYLOAD


def test_the_sum_of_extra_data_is_checked_after_the_last_transfer() -> None:
    full = to(B, 1, data=bytes(128))
    envelope = pay(A, *[full] * 33, to(A, 1), fee=3 * FEE)
    assert code_of(envelope) is Code.SELF_OPERATION


def test_burning_nothing_is_an_invalid_amount() -> None:
    assert code_of(burn(A, 0)) is Code.INVALID_AMOUNT


def test_amount_and_fee_of_a_burn_fit_together_whatever_the_asset() -> None:
    assert code_of(burn(A, U64_MAX - FEE + 1, GOLD)) is Code.INVALID_FORMAT
    assert code_of(burn(A, U64_MAX - FEE, GOLD)) is Code.INSUFFICIENT_BALANCE


MANY = tuple(number.to_bytes(32, "big") for number in range(1, 257))


@pytest.mark.parametrize(
    ("threshold", "participants", "code"),
    [
        (0, (), Code.INVALID_PAYLOAD),
        (0, (B,), Code.INVALID_PAYLOAD),
        (1, (), Code.INVALID_FORMAT),
        (1, MANY, Code.INVALID_PAYLOAD),
        (255, MANY[:255], Code.SUCCESS),
        (1, (B, C, B), Code.INVALID_SIGNATURE),
        (9, (B, B), Code.INVALID_SIGNATURE),
        (3, (B, C), Code.INVALID_PAYLOAD),
        (1, (B, A), Code.INVALID_PAYLOAD),
        (2, (B, C), Code.SUCCESS),
    ],
)
def test_a_configuration_is_well_formed(
    threshold: int, participants: tuple[Address, ...], code: Code
) -> None:
    assert code_of(set_multisig(A, threshold, *participants)) is code


def test_a_configuration_is_deleted_with_the_old_cosignatures() -> None:
    delete = SetMultisig(0, ())
    assert code_of(seal_signed(A, delete), BOUND) is Code.INVALID_PAYLOAD
    signed = seal_signed(A, delete, cosigners=[(0, B), (1, C)])
    assert code_of(signed, BOUND) is Code.SUCCESS


def test_participants_cannot_come_with_threshold_0_even_over_a_configuration() -> None:
    envelope = seal_signed(A, SetMultisig(0, (B,)), cosigners=[(0, B), (1, C)])
    assert code_of(envelope, BOUND) is Code.INVALID_PAYLOAD


# R8 and R9


def test_the_source_has_to_sign() -> None:
    assert code_of(seal_signed(A, ONE, signer=B)) is Code.INVALID_SIGNATURE


def test_the_sources_signature_is_checked_before_the_cosignatures() -> None:
    envelope = seal_signed(A, ONE, signer=B, cosigners=[(7, B), (1, B)])
    assert code_of(envelope, BOUND) is Code.INVALID_SIGNATURE


@pytest.mark.parametrize(
    ("cosigners", "code"),
    [
        (None, Code.INVALID_PAYLOAD),
        ([], Code.INVALID_PAYLOAD),
        ([(0, B)], Code.INVALID_PAYLOAD),
        ([(0, B), (1, C), (2, D)], Code.INVALID_PAYLOAD),
        ([(2, D), (0, B)], Code.SUCCESS),
        ([(0, B), (3, C)], Code.INVALID_PAYLOAD),
        ([(0, B), (1, B)], Code.INVALID_SIGNATURE),
        ([(0, C), (3, C)], Code.INVALID_SIGNATURE),
        ([(3, C), (0, C)], Code.INVALID_PAYLOAD),
    ],
)
def test_exactly_threshold_participants_cosign(
    cosigners: list[tuple[int, Address]] | None, code: Code
) -> None:
    assert code_of(seal_signed(A, ONE, cosigners=cosigners), BOUND) is code


@pytest.mark.parametrize("cosigners", [[], [(0, B)]])
def test_cosignatures_without_a_configuration_are_an_invalid_payload(
    cosigners: list[tuple[int, Address]],
) -> None:
    assert code_of(seal_signed(A, ONE, cosigners=cosigners)) is Code.INVALID_PAYLOAD


def test_cosigners_sign_the_hash_of_what_the_source_signs() -> None:
    envelope = seal_signed(A, ONE, cosigners=[(0, B), (1, C)])
    assert isinstance(envelope.content, Transaction)
    raw = tuple(
        Cosignature(number, sign(each, envelope.signing_bytes)) for number, each in ((0, B), (1, C))
    )
    forged = seal(replace(envelope.content, cosignatures=raw))
    assert code_of(forged, BOUND) is Code.INVALID_SIGNATURE


# R10 and R11


def test_the_exact_balance_may_be_spent() -> None:
    assert code_of(pay(A, to(B, 5)), account(FEE + 5)) is Code.SUCCESS
    assert code_of(pay(A, to(B, 6)), account(FEE + 5)) is Code.INSUFFICIENT_BALANCE
    assert code_of(pay(A, to(B, 3), to(C, 3)), account(FEE + 5)) is Code.INSUFFICIENT_BALANCE


def test_a_sum_that_overflows_is_told_from_one_that_is_not_covered() -> None:
    both = pay(A, to(B, U64_MAX, GOLD), to(B, 1, GOLD))
    assert code_of(both) is Code.OVERFLOW
    assert code_of(pay(A, to(B, U64_MAX, GOLD))) is Code.INSUFFICIENT_BALANCE


def test_the_fee_belongs_to_the_native_sum() -> None:
    assert code_of(pay(A, to(B, U64_MAX - FEE + 1))) is Code.OVERFLOW
    assert code_of(pay(A, to(B, U64_MAX - FEE))) is Code.INSUFFICIENT_BALANCE


def test_assets_are_checked_in_first_seen_order() -> None:
    gold, native = to(B, 101, GOLD), to(B, U64_MAX)
    assert code_of(pay(A, gold, native)) is Code.INSUFFICIENT_BALANCE
    assert code_of(pay(A, native, gold)) is Code.OVERFLOW


def test_receivers_are_credited_cumulatively() -> None:
    full = account(U64_MAX - 2)
    assert code_of(pay(A, to(B, 1), to(B, 1)), bob=full) is Code.SUCCESS
    assert code_of(pay(A, to(B, 1), to(C, 1), to(B, 2)), bob=full) is Code.OVERFLOW


def test_the_burned_counter_does_not_overflow() -> None:
    assert code_of(burn(A, 2), burned=U64_MAX - 2) is Code.SUCCESS
    assert code_of(burn(A, 3), burned=U64_MAX - 2) is Code.OVERFLOW
    assert code_of(burn(A, 3, GOLD), burned=U64_MAX) is Code.SUCCESS


def test_every_check_comes_before_those_after_it() -> None:
    broken = Transaction(
        chain_id=0,
        source=A,
        payload=Transfers((to(A, U64_MAX),)),
        fee=1,
        fee_type=2,
        nonce=9,
        signature=NO_SIGNATURE,
        cosignatures=(),
    )
    assert code_of(seal(broken), None) is Code.INVALID_TYPE
    broken = replace(broken, chain_id=3)
    assert code_of(seal(broken), None) is Code.ACCOUNT_NOT_FOUND
    poor = account(7)
    assert code_of(seal(broken), poor) is Code.INVALID_FORMAT
    broken = replace(broken, fee_type=0)
    assert code_of(seal(broken), poor) is Code.INSUFFICIENT_FEE
    broken = replace(broken, fee=FEE)
    assert code_of(seal(broken), poor) is Code.NONCE_TOO_HIGH
    broken = replace(broken, nonce=0)
    assert code_of(seal(broken), poor) is Code.INSUFFICIENT_FEE
    assert code_of(seal(broken)) is Code.SELF_OPERATION
    broken = replace(broken, payload=Transfers((to(B, U64_MAX),)))
    assert code_of(seal(broken)) is Code.INVALID_SIGNATURE
    signed = seal_signed(A, broken.payload, cosigners=())
    assert code_of(signed) is Code.INVALID_PAYLOAD
    assert code_of(seal_signed(A, broken.payload)) is Code.OVERFLOW


def test_rules_know_nothing_but_their_scheme() -> None:
    assert vars(Rules(SCHEME)) == {"scheme": SCHEME}
