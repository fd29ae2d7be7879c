"""A vector's transaction: its wire bytes, or the transaction that its ``tx`` object describes.

Invariant: a transaction that has wire bytes is run from them. One that the wire cannot carry but a
rule names (as a multisig with a participant twice) stays a transaction.
"""

from __future__ import annotations

from typing import TypeAlias

from lockstep.published.document import (
    Json,
    JsonObject,
    OutOfScopeError,
    given,
    integer,
    list_of,
    object_of,
    octets,
    octets_of,
)
from lockstep_ledger.block import Content
from lockstep_ledger.model import (
    SIGNATURE_LENGTH,
    Burn,
    Cosignature,
    ModelError,
    Payload,
    SetMultisig,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.wire import decode, encode

Arrival: TypeAlias = bytes | Transaction
"""How a transaction reaches the executors: by wire, or as a value that no wire can carry."""

WIRE_VERSION = 1
NO_SIGNATURE = "00" * SIGNATURE_LENGTH


def arrival_of(document: Json, where: str) -> Arrival:
    """Return the transaction of ``{wire_hex, tx}`` or of a bare ``tx`` object.

    An empty ``wire_hex`` with no ``tx`` beside it means zero bytes. Raises ``OutOfScopeError``.
    """
    holder = object_of(document, where)
    described = holder if "tx_type" in holder else holder.get("tx")
    for source in (holder, described):
        if isinstance(source, dict) and source.get("wire_hex") not in (None, ""):
            return octets(source, "wire_hex", where)
    if described is not None:
        return _built(object_of(described, f"{where}: tx"), f"{where}: tx")
    if holder.get("wire_hex") is None:
        raise OutOfScopeError(f"{where} has neither wire_hex nor tx")
    return octets(holder, "wire_hex", where)


def content_of(arrival: Arrival) -> Content:
    """Return what arrived."""
    return decode(arrival) if isinstance(arrival, bytes) else arrival


def _built(record: JsonObject, where: str) -> Arrival:
    try:
        transaction = _transaction_of(record, where)
    except ModelError as error:
        raise OutOfScopeError(f"{where} cannot be built: {error}") from error
    wire = encode(transaction)
    # No rule looks at the version: only the wire refuses a wrong one.
    if transaction.version != WIRE_VERSION or decode(wire) == transaction:
        return wire
    return transaction


def _transaction_of(record: JsonObject, where: str) -> Transaction:
    """Build the transaction; a missing signature becomes zeros, which no scheme accepts."""
    return Transaction(
        chain_id=integer(record, "chain_id", where),
        source=octets(record, "source", where),
        payload=_payload_of(record, where),
        fee=integer(record, "fee", where),
        fee_type=integer(record, "fee_type", where),
        nonce=integer(record, "nonce", where),
        signature=octets(record, "signature", where, NO_SIGNATURE),
        cosignatures=_cosignatures_of(record, where),
        reference_hash=octets(record, "reference_hash", where, "00" * 32),
        reference_topoheight=integer(record, "reference_topoheight", where, 0),
        version=integer(record, "version", where, WIRE_VERSION),
    )


def _payload_of(record: JsonObject, where: str) -> Payload:
    payload = record.get("payload")
    match record.get("tx_type"):
        case "transfers":
            return Transfers(
                tuple(_transfer_of(each, where) for each in list_of(payload, f"{where}: payload"))
            )
        case "burn":
            burn = object_of(payload, f"{where}: payload")
            return Burn(octets(burn, "asset", where, "00" * 32), integer(burn, "amount", where))
        case "multisig":
            multisig = object_of(payload, f"{where}: payload")
            participants = list_of(given(multisig, "participants", []), f"{where}: participants")
            return SetMultisig(
                integer(multisig, "threshold", where),
                tuple(octets_of(each, f"{where}: participant") for each in participants),
            )
        case other:
            raise OutOfScopeError(f"transaction type {other} without wire bytes is not modelled")


def _transfer_of(document: Json, where: str) -> Transfer:
    record = object_of(document, f"{where}: transfer")
    return Transfer(
        octets(record, "asset", where),
        octets(record, "destination", where),
        integer(record, "amount", where),
        octets(record, "extra_data", where, "") or None,
    )


def _cosignatures_of(record: JsonObject, where: str) -> tuple[Cosignature, ...] | None:
    part = record.get("multisig")
    if part is None:
        part = record.get("cosignatures")
    if part is None:
        return None
    listing = part.get("signatures") if isinstance(part, dict) else part
    return tuple(
        Cosignature(integer(each, "signer_id", where), octets(each, "signature", where))
        for each in (
            object_of(entry, f"{where}: cosignature")
            for entry in list_of(listing, f"{where}: cosignatures")
        )
    )
