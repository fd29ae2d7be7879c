"""The wire form is the chain's, goes both ways, and anything else is named undecodable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep_ledger.block import Undecodable, UnsupportedKind
from lockstep_ledger.model import (
    NATIVE,
    U8_MAX,
    U64_MAX,
    Burn,
    Cosignature,
    NonceBump,
    SetMultisig,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.wire import (
    BUMP_DESTINATION,
    HIGHEST_FEE_TYPE,
    KNOWN_TYPES,
    MAXIMUM_TRANSFERS,
    decode,
    encode,
    open_wire,
    seal,
    signing_bytes,
)

TYPE_OFFSET = 34
ALICE, BOB = b"\x0a" * 32, b"\x0b" * 32

HASHES = st.binary(min_size=32, max_size=32)
SIGNATURES = st.binary(min_size=64, max_size=64)
U8 = st.integers(0, U8_MAX)
U64 = st.integers(0, U64_MAX)
OUTPUTS = st.builds(Transfer, HASHES, HASHES, U64, st.none() | st.binary(max_size=200))
PAYLOADS = (
    st.lists(OUTPUTS, min_size=1, max_size=4).map(lambda outputs: Transfers(tuple(outputs)))
    | st.builds(Burn, HASHES, U64)
    | st.just(SetMultisig(0, ()))
    | st.builds(
        SetMultisig,
        st.integers(1, U8_MAX),
        st.lists(HASHES, min_size=1, max_size=4, unique=True).map(tuple),
    )
)
COSIGNATURES = st.none() | st.lists(
    st.builds(Cosignature, U8, SIGNATURES), max_size=3, unique_by=lambda each: each.signer_id
).map(tuple)
TRANSACTIONS = st.builds(
    Transaction,
    chain_id=U8,
    source=HASHES,
    payload=PAYLOADS,
    fee=U64,
    fee_type=st.integers(0, HIGHEST_FEE_TYPE),
    nonce=U64,
    signature=SIGNATURES,
    cosignatures=COSIGNATURES,
    reference_hash=HASHES,
    reference_topoheight=U64,
)


def transaction(payload: Any = None, **changes: Any) -> Transaction:
    base = Transaction(
        chain_id=3,
        source=ALICE,
        payload=payload or Transfers((Transfer(NATIVE, BOB, 7),)),
        fee=10_000,
        fee_type=0,
        nonce=5,
        signature=b"\x51" * 64,
    )
    return replace(base, **changes)


EXAMPLES = [
    transaction(Transfers((Transfer(NATIVE, BOB, 7, b"memo"), Transfer(ALICE, BOB, 0)))),
    transaction(Burn(NATIVE, 9)),
    transaction(SetMultisig(2, (ALICE, BOB))),
    transaction(SetMultisig(0, ())),
    transaction(cosignatures=(Cosignature(1, b"\x01" * 64), Cosignature(0, b"\x02" * 64))),
    transaction(cosignatures=()),
]


def published_wires(vectors: dict[str, Any]) -> list[tuple[str, bytes]]:
    return [
        (vector["name"], bytes.fromhex(each["wire_hex"]))
        for name in ("wire_format_roundtrip", "tx_core", "template", "block_multi_tx")
        for vector in vectors[name]["test_vectors"]
        for each in vector["input"].get("txs") or [vector["input"]]
    ]


def refused(data: bytes) -> str:
    content = decode(data)
    assert isinstance(content, Undecodable)
    return content.reason


@given(TRANSACTIONS)
@settings(deadline=None)
def test_decoding_undoes_encoding(original: Transaction) -> None:
    assert decode(encode(original)) == original
    assert open_wire(encode(original)) == seal(original)


@given(TRANSACTIONS, st.lists(st.tuples(st.integers(0, 2000), U8), max_size=4), st.binary())
@settings(deadline=None)
def test_whatever_damage_decodes_encodes_to_the_same_bytes(
    original: Transaction, damage: list[tuple[int, int]], tail: bytes
) -> None:
    data = bytearray(encode(original))
    for offset, value in damage:
        data[offset % len(data)] = value
    data += tail
    content = decode(bytes(data))
    if isinstance(content, Transaction):
        assert encode(content) == data


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_garbage_is_given_an_envelope_and_never_raises(data: bytes) -> None:
    envelope = open_wire(data)
    assert not isinstance(envelope.content, Transaction)
    assert (envelope.signing_bytes, envelope.size) == (b"", len(data))
    assert envelope.hash == blake3(data).digest()


@given(TRANSACTIONS)
@settings(deadline=None)
def test_an_envelope_speaks_of_its_wire_bytes(original: Transaction) -> None:
    envelope, wire = seal(original), encode(original)
    assert envelope.content is original
    assert envelope.size == len(wire)
    assert envelope.hash == blake3(wire).digest()
    assert wire.startswith(envelope.signing_bytes)


@given(TRANSACTIONS, SIGNATURES, COSIGNATURES)
@settings(deadline=None)
def test_no_signature_is_part_of_the_signing_bytes(
    original: Transaction, signature: bytes, cosignatures: tuple[Cosignature, ...] | None
) -> None:
    resigned = replace(original, signature=signature, cosignatures=cosignatures)
    assert signing_bytes(resigned) == signing_bytes(original)


def test_every_published_wire_form_is_reproduced_byte_for_byte(
    published_vectors: dict[str, Any],
) -> None:
    wires = published_wires(published_vectors)
    assert len(wires) > 80
    for name, wire in wires:
        content = decode(wire)
        assert isinstance(content, Transaction), name
        assert encode(content) == wire, name


def test_the_fields_of_published_transactions_decode_to_their_published_values(
    published_vectors: dict[str, Any],
) -> None:
    for vector in published_vectors["tx_core"]["test_vectors"]:
        published = vector["input"]["tx"]
        content = decode(bytes.fromhex(vector["input"]["wire_hex"]))
        assert isinstance(content, Transaction)
        for name in ("version", "chain_id", "fee", "fee_type", "nonce", "reference_topoheight"):
            assert getattr(content, name) == published[name], (vector["name"], name)
        for name in ("source", "reference_hash", "signature"):
            assert getattr(content, name).hex() == published[name], (vector["name"], name)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_wire_form_cut_at_any_offset_is_undecodable(example: Transaction) -> None:
    wire = encode(example)
    assert all(refused(wire[:end]) for end in range(len(wire)))


@pytest.mark.parametrize("example", EXAMPLES)
def test_trailing_bytes_are_undecodable(example: Transaction) -> None:
    assert refused(encode(example) + b"\0") == "1 trailing bytes"


@pytest.mark.parametrize("version", [0, 2, 255])
def test_a_version_other_than_one_is_undecodable(version: int) -> None:
    assert "version" in refused(encode(transaction(version=version)))


def test_an_unassigned_type_is_undecodable_and_an_assigned_one_unsupported() -> None:
    wire = bytearray(encode(transaction()))
    for number in range(3, 256):
        wire[TYPE_OFFSET] = number
        if number in KNOWN_TYPES:
            assert decode(bytes(wire)) == UnsupportedKind(number)
        else:
            assert f"type {number}" in refused(bytes(wire))


@pytest.mark.parametrize("fee_type", [3, 4, 255])
def test_a_fee_type_above_two_is_undecodable(fee_type: int) -> None:
    assert "fee type" in refused(encode(transaction(fee_type=fee_type)))


def test_the_number_of_transfers_is_one_to_five_hundred() -> None:
    def carrying(count: int) -> bytes:
        return encode(transaction(Transfers((Transfer(NATIVE, BOB, 1),) * count)))

    for count in (1, MAXIMUM_TRANSFERS):
        assert isinstance(decode(carrying(count)), Transaction)
    for count in (0, MAXIMUM_TRANSFERS + 1):
        assert f"{count} transfers" in refused(carrying(count))


def test_a_signer_id_twice_is_undecodable() -> None:
    first, second = Cosignature(4, b"\x01" * 64), Cosignature(4, b"\x02" * 64)
    assert "signer id" in refused(encode(transaction(cosignatures=(first, second))))


def test_a_participant_twice_is_undecodable() -> None:
    assert "twice" in refused(encode(transaction(SetMultisig(1, (BOB, BOB)))))


def test_a_threshold_without_participants_is_undecodable() -> None:
    assert "without participants" in refused(encode(transaction(SetMultisig(1, ()))))


def test_a_threshold_of_zero_ends_the_payload_there() -> None:
    deletion = transaction(SetMultisig(0, ()))
    setting = transaction(SetMultisig(1, (BOB,)))
    assert decode(encode(deletion)) == deletion
    assert len(encode(setting)) - len(encode(deletion)) == 33


def test_a_threshold_of_zero_with_participants_has_bytes_but_never_arrives() -> None:
    assert refused(encode(transaction(SetMultisig(0, (BOB,)))))


def test_every_number_of_participants_up_to_255_goes_both_ways() -> None:
    everyone = tuple(bytes([n]) * 32 for n in range(255))
    original = transaction(SetMultisig(255, everyone))
    assert decode(encode(original)) == original


@pytest.mark.parametrize("marker", [2, 255])
def test_a_flag_other_than_zero_or_one_is_undecodable(marker: int) -> None:
    wire = bytearray(encode(transaction()))
    wire[len(signing_bytes(transaction()))] = marker
    assert "multisig flag" in refused(bytes(wire))
    extra_data_flag = TYPE_OFFSET + 1 + 2 + 32 + 32 + 8
    wire[extra_data_flag] = marker
    assert "extra data flag" in refused(bytes(wire))


def test_empty_extra_data_differs_from_none_on_the_wire() -> None:
    empty = transaction(Transfers((Transfer(NATIVE, BOB, 1, b""),)))
    none = transaction(Transfers((Transfer(NATIVE, BOB, 1),)))
    assert len(encode(empty)) == len(encode(none)) + 2
    assert decode(encode(empty)) == empty


def test_a_nonce_bump_has_the_bytes_of_one_empty_native_transfer() -> None:
    stand_in = transaction(Transfers((Transfer(NATIVE, BUMP_DESTINATION, 0),)))
    assert encode(transaction(NonceBump())) == encode(stand_in)
    assert decode(encode(transaction(NonceBump()))) == stand_in
