"""The signature schemes by name, and the key pairs they share.

Invariant: a key pair is the same under every scheme, so an address never depends on the scheme.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from lockstep_ledger import schnorr
from lockstep_ledger.keyed_hash import KeyedHash
from lockstep_ledger.schnorr import Schnorr
from lockstep_ledger.signatures import KeyPair, Scheme

_ALL: tuple[Scheme, ...] = (Schnorr(), KeyedHash())

SCHEMES: Mapping[str, Scheme] = MappingProxyType({scheme.name: scheme for scheme in _ALL})
"""Every scheme by the name that case files and options use."""


@lru_cache(maxsize=4096)
def identity(seed: int) -> KeyPair:
    """Return the key pair whose secret is ``seed``; its public key is the schnorr one.

    Seeds 1..10 are the published test identities. ``seed`` is at least 1 and below the order of
    the group, else ValueError.
    """
    return schnorr.pair(seed)
