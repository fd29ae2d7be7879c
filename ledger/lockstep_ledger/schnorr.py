"""The chain's signatures: Schnorr-like on ristretto255, 64 bytes ``s || e``.

With H a second generator and the public key A = sk^-1 * H, a signature is valid if and only if
both scalars are canonical, A is a point, and e = SHA3-512(A || message || compress(s*H - e*A)).
Invariant: the check is exact for every input, zero scalars and the identity included.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha3_512

from lockstep_ledger.model import SIGNATURE_LENGTH
from lockstep_ledger.ristretto import ORDER, group
from lockstep_ledger.signatures import KeyPair

NONCE_DOMAIN = b"tos-signer/deterministic-nonce/v1"
"""Separates the hash that gives a signature's nonce from every other use of SHA3-512."""


class Schnorr:
    """The scheme of real keys: what vectors and external nodes check."""

    name = "schnorr"

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        """Return the deterministic signature of ``message``."""
        nonce = _hash_to_scalar(NONCE_DOMAIN + pair.secret + pair.public + message)
        commitment = group().multiply(nonce, second_generator())
        if commitment is None:
            raise AssertionError("the second generator is a point")
        challenge = _hash_to_scalar(pair.public + message + commitment)
        response = (_inverse(pair.secret) * challenge + nonce) % ORDER
        return response.to_bytes(32, "little") + challenge.to_bytes(32, "little")

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` is valid for ``message`` under ``public``; never raises."""
        if len(signature) != SIGNATURE_LENGTH:
            return False
        response = int.from_bytes(signature[:32], "little")
        challenge = int.from_bytes(signature[32:], "little")
        if response >= ORDER or challenge >= ORDER:
            return False
        points = group()
        key_part = points.multiply(challenge, public)
        generator_part = points.multiply(response, second_generator())
        if key_part is None or generator_part is None:
            return False
        commitment = points.subtract(generator_part, key_part)
        if commitment is None:
            return False
        return _hash_to_scalar(public + message + commitment) == challenge


def pair(seed: int) -> KeyPair:
    """Return the key pair of the secret scalar ``seed``, 1..ORDER-1."""
    if not 1 <= seed < ORDER:
        raise ValueError(f"secret scalar {seed} is outside 1..{ORDER - 1}")
    secret = seed.to_bytes(32, "little")
    public = group().multiply(_inverse(secret), second_generator())
    if public is None:
        raise AssertionError("the second generator is a point")
    return KeyPair(secret, public)


@lru_cache(maxsize=1)
def second_generator() -> bytes:
    """Return H, a generator whose logarithm to the base G nobody knows."""
    return group().from_uniform(sha3_512(group().multiply_base(1)).digest())


def _hash_to_scalar(data: bytes) -> int:
    return int.from_bytes(sha3_512(data).digest(), "little") % ORDER


@lru_cache(maxsize=1024)
def _inverse(secret: bytes) -> int:
    return pow(int.from_bytes(secret, "little"), -1, ORDER)
