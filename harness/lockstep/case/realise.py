"""Turns a case's intents into the signed blocks that executors take.

Invariant: realising the same step twice gives equal blocks; signing is deterministic.
"""

from __future__ import annotations

from collections.abc import Callable

from blake3 import blake3

from lockstep.case.names import key_pair_of
from lockstep.case.values import AnyIntent, BlockStep, Intent, RawIntent
from lockstep.faults import UsageError
from lockstep_ledger.block import Block, BlockTooLargeError, Envelope
from lockstep_ledger.model import (
    ADDRESS_LENGTH,
    SIGNATURE_LENGTH,
    Address,
    Cosignature,
    Transaction,
)
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.signatures import KeyPair, Scheme, cosigned_message
from lockstep_ledger.wire import open_wire, seal, signing_bytes

NO_SIGNATURE = bytes(SIGNATURE_LENGTH)
NO_REFERENCE = bytes(ADDRESS_LENGTH)


def version_hash(topoheight: int) -> bytes:
    """Return the hash under which version ``topoheight`` of a chain is known.

    It is that of the number alone, so that a transaction can be signed before its chain is run.
    """
    return blake3(b"lockstep version " + str(topoheight).encode()).digest()


def realise(step: BlockStep, scheme_name: str, topoheight: int = 0) -> Block:
    """Sign and encode every intent of ``step``, which comes after version ``topoheight``.

    Raises ``UsageError`` if they are too many bytes for a block.
    """
    scheme = SCHEMES[scheme_name]
    envelopes = tuple(
        envelope_of(intent, scheme, topoheight=topoheight) for intent in step.transactions
    )
    try:
        return Block(envelopes, step.policy, step.rewards, step.fees_to, step.advances_height)
    except BlockTooLargeError as error:
        raise UsageError(str(error)) from error


def envelope_of(
    intent: AnyIntent,
    scheme: Scheme,
    pair_of: Callable[[Address], KeyPair | None] = key_pair_of,
    topoheight: int = 0,
) -> Envelope:
    """Sign and encode one intent, with the key pairs that ``pair_of`` knows.

    A signature that is to be invalid, or whose signer has no known secret key, is made over other
    bytes, respectively all zeros.
    """
    if isinstance(intent, RawIntent):
        return open_wire(intent.wire)
    message = signing_bytes(_transaction(intent, NO_SIGNATURE, None, topoheight))
    cosignatures = None
    if intent.cosigners is not None:
        cosigned = cosigned_message(message)
        cosignatures = tuple(
            Cosignature(each.signer_id, _sign(pair_of(each.signer), cosigned, each.valid, scheme))
            for each in intent.cosigners
        )
    signature = _sign(pair_of(intent.source), message, intent.valid, scheme)
    return seal(_transaction(intent, signature, cosignatures, topoheight), message)


def check_widths(intent: Intent) -> None:
    """Raise ``ModelError`` if a number of ``intent`` is outside its width."""
    cosigners = intent.cosigners or ()
    cosignatures = tuple(Cosignature(each.signer_id, NO_SIGNATURE) for each in cosigners)
    _transaction(intent, NO_SIGNATURE, cosignatures)


def _transaction(
    intent: Intent,
    signature: bytes,
    cosignatures: tuple[Cosignature, ...] | None,
    topoheight: int = 0,
) -> Transaction:
    named = None if intent.reference is None else max(0, topoheight - intent.reference)
    return Transaction(
        chain_id=intent.chain_id,
        source=intent.source,
        payload=intent.payload,
        fee=intent.fee,
        fee_type=intent.fee_type,
        nonce=intent.nonce,
        signature=signature,
        cosignatures=cosignatures,
        reference_hash=NO_REFERENCE if named is None else version_hash(named),
        reference_topoheight=named or 0,
    )


def _sign(pair: KeyPair | None, message: bytes, valid: bool, scheme: Scheme) -> bytes:
    if pair is None:
        return NO_SIGNATURE
    return scheme.sign(pair, message if valid else message + b"?")
