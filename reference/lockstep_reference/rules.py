"""The rule book: one function per rule, in the order a transaction is checked.

Each rule returns the code that rejects the transaction, or None. ``verdict`` is the first that
rejects; it stages the effects of a transaction that no rule rejects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from lockstep_ledger.block import Envelope, Undecodable, UnsupportedKind
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Asset,
    Burn,
    FeeType,
    Multisig,
    NonceBump,
    SetMultisig,
    Transaction,
    Transfers,
)
from lockstep_ledger.outcome import Code
from lockstep_ledger.signatures import Scheme, cosigned_message
from lockstep_reference.state import Layer

MAXIMUM_TRANSFERS = 500
FEE_PER_KIBIBYTE = 10_000
FEE_PER_TRANSFER = 5_000
FEE_PER_COSIGNATURE = 5_000
EXTRA_DATA_LIMIT = 128
EXTRA_DATA_SUM_LIMIT = 4_096
MAXIMUM_PARTICIPANTS = 255


@dataclass(frozen=True, slots=True)
class Check:
    """One transaction under examination, and the ledger as it stands before it."""

    transaction: Transaction
    envelope: Envelope
    ledger: Layer
    chain_id: int
    scheme: Scheme


Rule: TypeAlias = Callable[[Check], Code | None]


def verdict(envelope: Envelope, staged: Layer, chain_id: int, scheme: Scheme) -> Code:
    """Execute one transaction: return its code, its effects staged in ``staged`` on success.

    After any other code the contents of ``staged`` are meaningless and must be dropped.
    """
    match envelope.content:
        case Undecodable():
            return Code.INVALID_FORMAT
        case UnsupportedKind():
            return Code.NOT_IMPLEMENTED
        case Transaction() as transaction:
            check = Check(transaction, envelope, staged, chain_id, scheme)
            for rule in RULES:
                code = rule(check)
                if code is not None:
                    return code
            return Code.SUCCESS


def r0_format(check: Check) -> Code | None:
    """R0: between 1 and 500 transfers; no signer id twice."""
    payload = check.transaction.payload
    if isinstance(payload, Transfers) and not 1 <= len(payload.outputs) <= MAXIMUM_TRANSFERS:
        return Code.INVALID_FORMAT
    cosignatures = check.transaction.cosignatures or ()
    if len({each.signer_id for each in cosignatures}) != len(cosignatures):
        return Code.INVALID_FORMAT
    return None


def r1_chain(check: Check) -> Code | None:
    """R1: signed for this chain."""
    return Code.INVALID_TYPE if check.transaction.chain_id != check.chain_id else None


def r2_source(check: Check) -> Code | None:
    """R2: the source account exists."""
    return None if check.ledger.exists(check.transaction.source) else Code.ACCOUNT_NOT_FOUND


def r3_fee_type(check: Check) -> Code | None:
    """R3: energy pays for transfers and nonce bumps only, and then the fee is 0."""
    transaction = check.transaction
    if transaction.fee_type == FeeType.TOS:
        return None
    if transaction.fee_type != FeeType.ENERGY:
        return Code.INVALID_FORMAT
    match transaction.payload:
        case Transfers() | NonceBump():
            return Code.INVALID_PAYLOAD if transaction.fee != 0 else None
        case Burn() | SetMultisig():
            return Code.INVALID_FORMAT
        case unknown:
            assert_never(unknown)


def r4_minimum_fee(check: Check) -> Code | None:
    """R4: a native fee covers the size, the transfers and the co-signatures."""
    transaction = check.transaction
    if transaction.fee_type != FeeType.TOS:
        return None
    match transaction.payload:
        case Transfers(outputs):
            transfers = len(outputs)
        case NonceBump():
            transfers = 1
        case Burn() | SetMultisig():
            transfers = 0
        case unknown:
            assert_never(unknown)
    kibibytes = (check.envelope.size + 1023) // 1024
    minimum = (
        kibibytes * FEE_PER_KIBIBYTE
        + transfers * FEE_PER_TRANSFER
        + len(transaction.cosignatures or ()) * FEE_PER_COSIGNATURE
    )
    return Code.INSUFFICIENT_FEE if transaction.fee < minimum else None


def r5_nonce(check: Check) -> Code | None:
    """R5: the nonce is the account's, and the account has a next one."""
    nonce = check.transaction.nonce
    expected = check.ledger.nonce(check.transaction.source)
    if nonce < expected:
        return Code.NONCE_TOO_LOW
    if nonce > expected:
        return Code.NONCE_TOO_HIGH
    return Code.OVERFLOW if nonce == U64_MAX else None


def r6_fee_funds(check: Check) -> Code | None:
    """R6: the source can pay the fee by itself."""
    transaction = check.transaction
    if transaction.fee_type == FeeType.TOS:
        if check.ledger.balance(transaction.source, NATIVE) < transaction.fee:
            return Code.INSUFFICIENT_FEE
        return None
    return Code.INSUFFICIENT_ENERGY if check.ledger.energy(transaction.source) < 1 else None


def r7_payload(check: Check) -> Code | None:
    """R7: the payload is sound."""
    match check.transaction.payload:
        case Transfers() as payload:
            return _r7_transfers(check, payload)
        case Burn() as payload:
            return _r7_burn(check, payload)
        case SetMultisig() as payload:
            return _r7_multisig(check, payload)
        case NonceBump():
            return None
        case unknown:
            assert_never(unknown)


def _r7_transfers(check: Check, payload: Transfers) -> Code | None:
    total = 0
    for output in payload.outputs:
        if output.destination == check.transaction.source:
            return Code.SELF_OPERATION
        length = len(output.extra_data or b"")
        if length > EXTRA_DATA_LIMIT:
            return Code.INVALID_PAYLOAD
        total += length
    return Code.INVALID_PAYLOAD if total > EXTRA_DATA_SUM_LIMIT else None


def _r7_burn(check: Check, payload: Burn) -> Code | None:
    if payload.amount == 0:
        return Code.INVALID_AMOUNT
    return Code.INVALID_FORMAT if payload.amount + check.transaction.fee > U64_MAX else None


def _r7_multisig(check: Check, payload: SetMultisig) -> Code | None:
    source, participants = check.transaction.source, payload.participants
    if payload == SetMultisig(0, ()):
        return Code.INVALID_PAYLOAD if check.ledger.multisig(source) is None else None
    if payload.threshold == 0:
        return Code.INVALID_PAYLOAD
    if not participants:
        return Code.INVALID_FORMAT
    if len(participants) > MAXIMUM_PARTICIPANTS:
        return Code.INVALID_PAYLOAD
    if len(set(participants)) != len(participants):
        return Code.INVALID_SIGNATURE
    if payload.threshold > len(participants):
        return Code.INVALID_PAYLOAD
    return Code.INVALID_PAYLOAD if source in participants else None


def r8_signature(check: Check) -> Code | None:
    """R8: the source signed the signing bytes."""
    transaction = check.transaction
    valid = check.scheme.verify(
        transaction.source, check.envelope.signing_bytes, transaction.signature
    )
    return None if valid else Code.INVALID_SIGNATURE


def r9_cosignatures(check: Check) -> Code | None:
    """R9: the configuration before this transaction is satisfied, exactly."""
    cosignatures = check.transaction.cosignatures
    config = check.ledger.multisig(check.transaction.source)
    if config is None:
        return None if cosignatures is None else Code.INVALID_PAYLOAD
    if cosignatures is None or len(cosignatures) != config.threshold:
        return Code.INVALID_PAYLOAD
    message = cosigned_message(check.envelope.signing_bytes)
    for each in cosignatures:
        if each.signer_id >= len(config.participants):
            return Code.INVALID_PAYLOAD
        signer = config.participants[each.signer_id]
        if not check.scheme.verify(signer, message, each.signature):
            return Code.INVALID_SIGNATURE
    return None


def r10_funds(check: Check) -> Code | None:
    """R10: every asset's sum of outputs and fee fits a u64 and is covered; then it is debited."""
    source, spending = check.transaction.source, _spending(check.transaction)
    for asset, total in spending.items():
        if total > U64_MAX:
            return Code.OVERFLOW
        if check.ledger.balance(source, asset) < total:
            return Code.INSUFFICIENT_BALANCE
    for asset, total in spending.items():
        check.ledger.debit(source, asset, total)
    return None


def r11_effects(check: Check) -> Code | None:
    """R11: apply the effects; a credited balance or the burned counter may not overflow."""
    transaction, ledger = check.transaction, check.ledger
    ledger.set_nonce(transaction.source, transaction.nonce + 1)
    if transaction.fee_type == FeeType.ENERGY:
        ledger.set_energy(transaction.source, ledger.energy(transaction.source) - 1)
    match transaction.payload:
        case Transfers(outputs):
            for output in outputs:
                if not ledger.credit(output.destination, output.asset, output.amount):
                    return Code.OVERFLOW
        case Burn(asset, amount) if asset == NATIVE:
            ledger.burned += amount
            if ledger.burned > U64_MAX:
                return Code.OVERFLOW
        case SetMultisig(0, ()):
            ledger.set_multisig(transaction.source, None)
        case SetMultisig(threshold, participants):
            ledger.set_multisig(transaction.source, Multisig(threshold, participants))
        case Burn() | NonceBump():
            pass
        case unknown:
            assert_never(unknown)
    return None


RULES: tuple[Rule, ...] = (
    r0_format,
    r1_chain,
    r2_source,
    r3_fee_type,
    r4_minimum_fee,
    r5_nonce,
    r6_fee_funds,
    r7_payload,
    r8_signature,
    r9_cosignatures,
    r10_funds,
    r11_effects,
)


def _spending(transaction: Transaction) -> dict[Asset, int]:
    """Return what each asset must cover, in first-seen order; a native fee joins the native sum."""
    sums: dict[Asset, int] = {}
    match transaction.payload:
        case Transfers(outputs):
            for output in outputs:
                sums[output.asset] = sums.get(output.asset, 0) + output.amount
        case Burn(asset, amount):
            sums[asset] = amount
        case SetMultisig() | NonceBump():
            pass
        case unknown:
            assert_never(unknown)
    if transaction.fee_type == FeeType.TOS:
        sums[NATIVE] = sums.get(NATIVE, 0) + transaction.fee
    return sums
