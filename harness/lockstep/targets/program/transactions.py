"""Transactions to messages and back: the wire bytes, and every field they decode to.

Invariant: an envelope that is written and read again is the same envelope. ``from_wire`` is true if
and only if decoding the wire bytes gives exactly the content.
"""

from __future__ import annotations

from typing import Any, assert_never

from lockstep.targets.program.ledger_messages import (
    BurnMessage,
    CosignatureMessage,
    NonceBumpMessage,
    OutputMessage,
    SetMultisigMessage,
    SignedMessage,
    TransactionMessage,
    TransfersMessage,
    UndecodableMessage,
    UnsupportedMessage,
)
from lockstep.targets.program.scalars import ContractError, read_bytes, read_key, read_u64
from lockstep.targets.program.signatures import Judge
from lockstep_ledger.block import Content, Envelope, Undecodable, UnsupportedKind
from lockstep_ledger.model import (
    Burn,
    Cosignature,
    NonceBump,
    Payload,
    SetMultisig,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.wire import HIGHEST_FEE_TYPE, MAXIMUM_TRANSFERS

TYPE_OFFSET = 34
"""Where the wire form says its type: after version, chain id and source."""


def write_transaction(envelope: Envelope, judge: Judge | None = None) -> TransactionMessage:
    """Return the message of ``envelope``, with what ``judge`` says of its signatures if given."""
    content = envelope.content
    digest, wire = envelope.hash.hex(), envelope.wire.hex()
    match content:
        case Undecodable():
            return UndecodableMessage(hash=digest, size=envelope.size, wire=wire)
        case UnsupportedKind():
            return UnsupportedMessage(hash=digest, size=envelope.size, wire=wire)
        case Transaction():
            return _write_signed(content, envelope, judge)


def read_transaction(message: TransactionMessage) -> Envelope:
    """Return the envelope in ``message``. Raises ``ContractError`` or ``ModelError``."""
    wire = read_bytes(message.wire)
    signing = b""
    content: Content
    match message:
        case UndecodableMessage():
            content = Undecodable("the harness says so")
        case UnsupportedMessage():
            if len(wire) <= TYPE_OFFSET:
                raise ContractError("an unsupported transaction whose bytes end before its type")
            content = UnsupportedKind(wire[TYPE_OFFSET])
        case _:
            content = _read_signed(message)
            signing = wire[: message.signing_size]
    return Envelope(content, signing, message.size, read_key(message.hash), wire)


def arrives_by_wire(transaction: Transaction) -> bool:
    """Tell whether the wire form of ``transaction`` decodes to exactly it."""
    cosignatures = transaction.cosignatures or ()
    return (
        transaction.version == 1
        and transaction.fee_type <= HIGHEST_FEE_TYPE
        and len({each.signer_id for each in cosignatures}) == len(cosignatures)
        and _payload_arrives(transaction.payload)
    )


def _payload_arrives(payload: Payload) -> bool:
    match payload:
        case Transfers(outputs):
            return 1 <= len(outputs) <= MAXIMUM_TRANSFERS
        case SetMultisig(0, participants):
            return not participants
        case SetMultisig(_, participants):
            return 1 <= len(participants) <= 255 and len(set(participants)) == len(participants)
        case Burn():
            return True
        case NonceBump():
            return False
        case unknown:
            assert_never(unknown)


def _write_signed(
    transaction: Transaction, envelope: Envelope, judge: Judge | None
) -> SignedMessage:
    fields: dict[str, Any] = {
        "hash": envelope.hash.hex(),
        "size": envelope.size,
        "wire": envelope.wire.hex(),
        "from_wire": arrives_by_wire(transaction),
        "version": transaction.version,
        "chain_id": int(transaction.chain_id),
        "source": transaction.source.hex(),
        "fee": str(transaction.fee),
        "fee_type": int(transaction.fee_type),
        "nonce": str(transaction.nonce),
        "reference_hash": transaction.reference_hash.hex(),
        "reference_topoheight": str(transaction.reference_topoheight),
        "signing_size": len(envelope.signing_bytes),
        "signature": transaction.signature.hex(),
    }
    if judge is not None:
        fields["signature_valid"] = judge.source(transaction, envelope.signing_bytes)
    if transaction.cosignatures is not None:
        fields["cosignatures"] = _write_cosignatures(transaction, envelope, judge)
    match transaction.payload:
        case Transfers(outputs):
            return TransfersMessage(outputs=list(map(_write_output, outputs)), **fields)
        case Burn(asset, amount):
            return BurnMessage(asset=asset.hex(), amount=str(amount), **fields)
        case SetMultisig(threshold, participants):
            names = [each.hex() for each in participants]
            return SetMultisigMessage(threshold=threshold, participants=names, **fields)
        case NonceBump():
            return NonceBumpMessage(**fields)
        case unknown:
            assert_never(unknown)


def _write_cosignatures(
    transaction: Transaction, envelope: Envelope, judge: Judge | None
) -> list[CosignatureMessage]:
    cosignatures = transaction.cosignatures or ()
    keys = None if judge is None else judge.cosigners(transaction, envelope.signing_bytes)
    return [
        CosignatureMessage(
            signer_id=each.signer_id,
            signature=each.signature.hex(),
            valid_for=None if keys is None else [key.hex() for key in keys[position]],
        )
        for position, each in enumerate(cosignatures)
    ]


def _write_output(output: Transfer) -> OutputMessage:
    data = None if output.extra_data is None else output.extra_data.hex()
    return OutputMessage(output.asset.hex(), output.destination.hex(), str(output.amount), data)


def _read_signed(message: SignedMessage) -> Transaction:
    cosignatures = message.cosignatures
    return Transaction(
        chain_id=message.chain_id,
        source=read_key(message.source),
        payload=_read_payload(message),
        fee=read_u64(message.fee),
        fee_type=message.fee_type,
        nonce=read_u64(message.nonce),
        signature=read_bytes(message.signature),
        cosignatures=None
        if cosignatures is None
        else tuple(
            Cosignature(each.signer_id, read_bytes(each.signature)) for each in cosignatures
        ),
        reference_hash=read_key(message.reference_hash),
        reference_topoheight=read_u64(message.reference_topoheight),
        version=message.version,
    )


def _read_payload(message: SignedMessage) -> Payload:
    match message:
        case TransfersMessage():
            return Transfers(tuple(map(_read_output, message.outputs)))
        case BurnMessage():
            return Burn(read_key(message.asset), read_u64(message.amount))
        case SetMultisigMessage():
            return SetMultisig(message.threshold, tuple(map(read_key, message.participants)))
        case NonceBumpMessage():
            return NonceBump()
        case unknown:
            assert_never(unknown)


def _read_output(message: OutputMessage) -> Transfer:
    data = None if message.data is None else read_bytes(message.data)
    return Transfer(read_key(message.asset), read_key(message.to), read_u64(message.amount), data)
