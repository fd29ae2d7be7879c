"""The wire form of a transaction: big-endian, fixed widths, counts before lists.

Invariant: ``encode(decode(data)) == data`` for every decodable ``data``.
``signing_bytes`` is the form up to the multisig part; the size and the hash are of the whole form.
"""

from __future__ import annotations

from struct import Struct
from typing import assert_never

from blake3 import blake3

from lockstep_ledger.block import Content, Envelope, Undecodable, UnsupportedKind
from lockstep_ledger.model import (
    NATIVE,
    Burn,
    Cosignature,
    NonceBump,
    Payload,
    SetMultisig,
    Transaction,
    Transfer,
    Transfers,
)

MAXIMUM_TRANSFERS = 500
HIGHEST_FEE_TYPE = 2
"""The wire knows fee types 0..2; what the rules say of them is theirs."""

BURN_TYPE, TRANSFERS_TYPE, MULTISIG_TYPE = 0, 1, 2
KNOWN_TYPES = frozenset([*range(6), *range(7, 39), *range(44, 48)])
"""Every type number the chain has assigned; only the first three are modelled."""

BUMP_DESTINATION = b"\xff" * 32
"""Stands for the destination of a nonce bump: no curve point, so no account anyone can own."""

_HEAD = Struct(">BB32sB")
_TAIL = Struct(">QBQ32sQ")
_U16 = Struct(">H")
_TRANSFER = Struct(">32s32sQ")
_BURN = Struct(">32sQ")


def seal(transaction: Transaction, signing: bytes | None = None) -> Envelope:
    """Encode ``transaction`` once and return it with its signing bytes, size and hash.

    Whoever has just signed it passes its signing bytes on as ``signing``.
    """
    if signing is None:
        signing = signing_bytes(transaction)
    wire = signing + _encode_signatures(transaction)
    return Envelope(transaction, signing, len(wire), blake3(wire).digest(), wire)


def open_wire(data: bytes) -> Envelope:
    """Decode ``data``, whatever it is; bytes that are no transaction give such a content."""
    content = decode(data)
    signing = signing_bytes(content) if isinstance(content, Transaction) else b""
    return Envelope(content, signing, len(data), blake3(data).digest(), data)


def encode(transaction: Transaction) -> bytes:
    """Return the whole wire form.

    Lists longer than their count field can say are encoded with the count's low bits: such a
    transaction has bytes to sign and rules that reject it, but cannot arrive by wire.
    """
    return signing_bytes(transaction) + _encode_signatures(transaction)


def signing_bytes(transaction: Transaction) -> bytes:
    """Return what the source signs: the wire form without multisig part and signature."""
    type_number, payload = _encode_payload(transaction.payload)
    return b"".join(
        (
            _HEAD.pack(transaction.version, transaction.chain_id, transaction.source, type_number),
            payload,
            _TAIL.pack(
                transaction.fee,
                transaction.fee_type,
                transaction.nonce,
                transaction.reference_hash,
                transaction.reference_topoheight,
            ),
        )
    )


def decode(data: bytes) -> Content:
    """Return the transaction in ``data``, or why there is none."""
    reader = _Reader(data)
    try:
        return _decode_transaction(reader)
    except _FormatError as error:
        return Undecodable(str(error))


def _encode_payload(payload: Payload) -> tuple[int, bytes]:
    match payload:
        case Transfers(outputs):
            return TRANSFERS_TYPE, _encode_transfers(outputs)
        case Burn(asset, amount):
            return BURN_TYPE, _BURN.pack(asset, amount)
        case SetMultisig(0, ()):
            return MULTISIG_TYPE, b"\0"
        case SetMultisig(threshold, participants):
            counts = bytes((threshold, len(participants) & 0xFF))
            return MULTISIG_TYPE, counts + b"".join(participants)
        case NonceBump():
            return TRANSFERS_TYPE, _encode_transfers((Transfer(NATIVE, BUMP_DESTINATION, 0),))
        case unknown:
            assert_never(unknown)


def _encode_transfers(outputs: tuple[Transfer, ...]) -> bytes:
    parts = [_U16.pack(len(outputs))]
    for output in outputs:
        parts.append(_TRANSFER.pack(output.asset, output.destination, output.amount))
        if output.extra_data is None:
            parts.append(b"\0")
        else:
            parts += (b"\1", _U16.pack(len(output.extra_data)), output.extra_data)
    return b"".join(parts)


def _encode_signatures(transaction: Transaction) -> bytes:
    cosignatures = transaction.cosignatures
    if cosignatures is None:
        return b"\0" + transaction.signature
    parts = [b"\1", bytes((len(cosignatures) & 0xFF,))]
    parts += (bytes((each.signer_id,)) + each.signature for each in cosignatures)
    parts.append(transaction.signature)
    return b"".join(parts)


class _FormatError(Exception):
    """The bytes break the wire format; the text says where."""


class _Reader:
    """A cursor over wire bytes that refuses to read past the end."""

    __slots__ = ("data", "position")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, length: int) -> bytes:
        end = self.position + length
        if end > len(self.data):
            raise _FormatError(f"{length} bytes wanted at offset {self.position}, input ends")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "big")

    def flag(self, name: str) -> bool:
        value = self.number(1)
        if value > 1:
            raise _FormatError(f"{name} flag is {value}, neither 0 nor 1")
        return value == 1


def _decode_transaction(reader: _Reader) -> Content:
    version = reader.number(1)
    if version != 1:
        raise _FormatError(f"version {version} is not 1")
    chain_id = reader.number(1)
    source = reader.take(32)
    type_number = reader.number(1)
    if type_number not in KNOWN_TYPES:
        raise _FormatError(f"type {type_number} is not assigned")
    if type_number > MULTISIG_TYPE:
        return UnsupportedKind(type_number)
    payload = _decode_payload(reader, type_number)
    fee = reader.number(8)
    fee_type = reader.number(1)
    if fee_type > HIGHEST_FEE_TYPE:
        raise _FormatError(f"fee type {fee_type} is not assigned")
    nonce = reader.number(8)
    reference_hash = reader.take(32)
    reference_topoheight = reader.number(8)
    cosignatures = _decode_cosignatures(reader)
    signature = reader.take(64)
    if reader.position != len(reader.data):
        raise _FormatError(f"{len(reader.data) - reader.position} trailing bytes")
    return Transaction(
        chain_id=chain_id,
        source=source,
        payload=payload,
        fee=fee,
        fee_type=fee_type,
        nonce=nonce,
        signature=signature,
        cosignatures=cosignatures,
        reference_hash=reference_hash,
        reference_topoheight=reference_topoheight,
        version=version,
    )


def _decode_payload(reader: _Reader, type_number: int) -> Payload:
    if type_number == BURN_TYPE:
        return Burn(reader.take(32), reader.number(8))
    if type_number == TRANSFERS_TYPE:
        return _decode_transfers(reader)
    return _decode_multisig(reader)


def _decode_transfers(reader: _Reader) -> Transfers:
    count = reader.number(2)
    if not 1 <= count <= MAXIMUM_TRANSFERS:
        raise _FormatError(f"{count} transfers, outside 1..{MAXIMUM_TRANSFERS}")
    return Transfers(tuple(_decode_transfer(reader) for _ in range(count)))


def _decode_transfer(reader: _Reader) -> Transfer:
    asset = reader.take(32)
    destination = reader.take(32)
    amount = reader.number(8)
    extra_data = reader.take(reader.number(2)) if reader.flag("extra data") else None
    return Transfer(asset, destination, amount, extra_data)


def _decode_multisig(reader: _Reader) -> SetMultisig:
    threshold = reader.number(1)
    if threshold == 0:
        return SetMultisig(0, ())
    count = reader.number(1)
    if count == 0:
        raise _FormatError("a multisig without participants")
    participants = tuple(reader.take(32) for _ in range(count))
    if len(set(participants)) != count:
        raise _FormatError("a multisig with a participant twice")
    return SetMultisig(threshold, participants)


def _decode_cosignatures(reader: _Reader) -> tuple[Cosignature, ...] | None:
    if not reader.flag("multisig"):
        return None
    count = reader.number(1)
    cosignatures = tuple(Cosignature(reader.number(1), reader.take(64)) for _ in range(count))
    if len({each.signer_id for each in cosignatures}) != count:
        raise _FormatError("a signer id twice")
    return cosignatures
