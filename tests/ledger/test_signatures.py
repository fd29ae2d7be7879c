"""Signatures: what was signed verifies, everything else is refused, and nothing raises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep_ledger import schnorr
from lockstep_ledger.block import Envelope
from lockstep_ledger.identities import alias_of, pair_of
from lockstep_ledger.model import Transaction
from lockstep_ledger.outcome import Code
from lockstep_ledger.ristretto import IDENTITY, ORDER
from lockstep_ledger.schemes import SCHEMES, identity
from lockstep_ledger.signatures import Scheme, cosigned_message
from lockstep_ledger.wire import open_wire

SCHNORR = SCHEMES["schnorr"]
ALICE = identity(2)
MESSAGE = b"ten coins to bob"
NOT_POINTS = [b"\xff" * 32, b"\x01" + bytes(31), b"\xed" + b"\xff" * 30 + b"\x7f", b"", bytes(31)]

every_scheme = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES.keys())


def flipped(data: bytes) -> Iterator[bytes]:
    number = int.from_bytes(data, "little")
    for bit in range(len(data) * 8):
        yield (number ^ (1 << bit)).to_bytes(len(data), "little")


def scalars(response: int, challenge: int) -> bytes:
    return response.to_bytes(32, "little") + challenge.to_bytes(32, "little")


def challenge_of_identity(public: bytes) -> int:
    return schnorr._hash_to_scalar(public + MESSAGE + IDENTITY)


def published(vectors: dict[str, Any]) -> list[tuple[str, Envelope, Transaction]]:
    """Return the well signed transactions of the vectors; one is published unsigned."""
    found = []
    for name in ("tx_core", "template", "block_multi_tx"):
        for vector in vectors[name]["test_vectors"]:
            if vector["expected"]["error_code"] == Code.INVALID_SIGNATURE:
                continue
            for each in vector["input"].get("txs") or [vector["input"]]:
                envelope = open_wire(bytes.fromhex(each["wire_hex"]))
                content = envelope.content
                assert isinstance(content, Transaction)
                if content.signature != bytes(64):
                    found.append((vector["name"], envelope, content))
    return found


def test_every_scheme_is_found_by_its_own_name() -> None:
    assert {name: scheme.name for name, scheme in SCHEMES.items()} == {
        "schnorr": "schnorr",
        "keyed-hash": "keyed-hash",
    }


@every_scheme
@given(seed=st.integers(1, 255), message=st.binary(max_size=300))
@settings(deadline=None, max_examples=50)
def test_what_was_signed_verifies(scheme: Scheme, seed: int, message: bytes) -> None:
    signature = scheme.sign(identity(seed), message)
    assert len(signature) == 64
    assert scheme.verify(identity(seed).public, message, signature)


@every_scheme
def test_signing_twice_gives_the_same_signature(scheme: Scheme) -> None:
    assert scheme.sign(ALICE, MESSAGE) == scheme.sign(ALICE, MESSAGE)


@every_scheme
def test_a_flip_of_any_bit_of_the_signature_is_refused(scheme: Scheme) -> None:
    signature = scheme.sign(ALICE, MESSAGE)
    assert not any(scheme.verify(ALICE.public, MESSAGE, bad) for bad in flipped(signature))


@every_scheme
def test_a_flip_of_any_bit_of_the_public_key_is_refused(scheme: Scheme) -> None:
    signature = scheme.sign(ALICE, MESSAGE)
    assert not any(scheme.verify(bad, MESSAGE, signature) for bad in flipped(ALICE.public))


@every_scheme
def test_a_flip_of_any_bit_of_the_message_is_refused(scheme: Scheme) -> None:
    signature = scheme.sign(ALICE, MESSAGE)
    assert not any(scheme.verify(ALICE.public, bad, signature) for bad in flipped(MESSAGE))


@every_scheme
def test_a_longer_or_shorter_signature_is_refused(scheme: Scheme) -> None:
    signature = scheme.sign(ALICE, MESSAGE)
    for bad in (b"", signature[:63], signature + b"\0"):
        assert not scheme.verify(ALICE.public, MESSAGE, bad)


@every_scheme
@pytest.mark.parametrize("public", NOT_POINTS)
def test_a_signature_under_a_key_that_is_no_point_or_not_the_signers_is_refused(
    scheme: Scheme, public: bytes
) -> None:
    for signature in (scheme.sign(ALICE, MESSAGE), bytes(64)):
        assert not scheme.verify(public, MESSAGE, signature)


@every_scheme
@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=80))
@settings(deadline=None)
def test_garbage_is_refused_and_never_raises(
    scheme: Scheme, public: bytes, message: bytes, signature: bytes
) -> None:
    assert not scheme.verify(public, message, signature)


@given(st.binary(min_size=32, max_size=32), st.integers(0, ORDER - 1), st.integers(0, ORDER - 1))
@settings(deadline=None)
def test_canonical_scalars_under_any_key_never_raise(
    public: bytes, response: int, challenge: int
) -> None:
    for signature in (scalars(response, challenge), scalars(0, challenge), scalars(response, 0)):
        assert not SCHNORR.verify(public, MESSAGE, signature)
        assert not SCHNORR.verify(ALICE.public, MESSAGE, signature)


def test_a_scalar_that_is_not_canonical_is_refused() -> None:
    signature = SCHNORR.sign(ALICE, MESSAGE)
    response = int.from_bytes(signature[:32], "little")
    challenge = int.from_bytes(signature[32:], "little")
    for bad in (scalars(response + ORDER, challenge), scalars(response, challenge + ORDER)):
        assert not SCHNORR.verify(ALICE.public, MESSAGE, bad)


def test_a_commitment_that_is_the_identity_is_legitimate() -> None:
    challenge = challenge_of_identity(ALICE.public)
    response = challenge * pow(2, -1, ORDER) % ORDER
    assert SCHNORR.verify(ALICE.public, MESSAGE, scalars(response, challenge))
    assert not SCHNORR.verify(ALICE.public, MESSAGE, scalars(response + 1, challenge))


def test_a_response_of_zero_is_legitimate() -> None:
    challenge = challenge_of_identity(IDENTITY)
    assert SCHNORR.verify(IDENTITY, MESSAGE, scalars(0, challenge))
    assert not SCHNORR.verify(IDENTITY, MESSAGE, scalars(0, challenge ^ 1))


def test_a_challenge_of_zero_is_legitimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schnorr, "_hash_to_scalar", lambda _: 0)
    assert SCHNORR.verify(ALICE.public, MESSAGE, scalars(1, 0))
    assert not SCHNORR.verify(b"\xff" * 32, MESSAGE, scalars(1, 0))


def test_every_published_signature_verifies(published_vectors: dict[str, Any]) -> None:
    signed = published(published_vectors)
    assert len(signed) >= 74
    for name, envelope, content in signed:
        assert SCHNORR.verify(content.source, envelope.signing_bytes, content.signature), name


def test_signing_reproduces_every_published_signature(published_vectors: dict[str, Any]) -> None:
    for name, envelope, content in published(published_vectors):
        alias = alias_of(content.source)
        assert alias is not None, name
        assert SCHNORR.sign(pair_of(alias), envelope.signing_bytes) == content.signature, name


def test_the_key_of_seed_one_is_the_second_generator() -> None:
    assert identity(1).public == schnorr.second_generator()


def test_a_keyed_hash_signature_is_the_hash_of_the_message_under_the_key() -> None:
    expected = blake3(MESSAGE, key=ALICE.public).digest(length=64)
    assert SCHEMES["keyed-hash"].sign(ALICE, MESSAGE) == expected


def test_a_cosigner_signs_the_hash_of_what_the_source_signs() -> None:
    assert cosigned_message(MESSAGE) == blake3(MESSAGE).digest()
