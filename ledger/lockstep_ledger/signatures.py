"""Signature schemes: a parameter of the ledger, so one set of rules serves real keys and speed.

Invariant: a scheme's ``verify`` accepts what its ``sign`` made for the same key and message, and
never raises, whatever bytes it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from blake3 import blake3


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A secret scalar (32 bytes, little-endian) and the 32-byte public key, the address."""

    secret: bytes
    public: bytes


class Scheme(Protocol):
    """How a message is signed and checked. ``name`` is what case files and options say."""

    name: str

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        """Return the 64-byte deterministic signature of ``message``."""
        ...

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` (64 bytes) is valid for ``message`` under ``public``."""
        ...


def cosigned_message(signing_bytes: bytes) -> bytes:
    """Return what a co-signer signs: the BLAKE3-256 of what the source signs."""
    return blake3(signing_bytes).digest()
