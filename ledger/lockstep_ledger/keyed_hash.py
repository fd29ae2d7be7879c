"""A signature scheme for fuzzing at speed: BLAKE3 keyed by the public key.

Anyone can forge it, and no curve point is needed: it has the sizes and the pass/fail behaviour of
signatures at about a microsecond, nothing else. Invariant: a change of key, message or signature
is rejected.
"""

from __future__ import annotations

from blake3 import blake3

from lockstep_ledger.model import ADDRESS_LENGTH, SIGNATURE_LENGTH
from lockstep_ledger.signatures import KeyPair


class KeyedHash:
    """The scheme whose signature of a message is its 64-byte hash keyed by the public key."""

    name = "keyed-hash"

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        """Return the deterministic signature of ``message``; the secret plays no part."""
        return blake3(message, key=pair.public).digest(length=SIGNATURE_LENGTH)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` is valid for ``message`` under ``public``; never raises."""
        if len(public) != ADDRESS_LENGTH:
            return False
        return blake3(message, key=public).digest(length=SIGNATURE_LENGTH) == signature
