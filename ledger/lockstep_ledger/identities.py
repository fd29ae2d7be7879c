"""The test identities and the names people read and write for them.

Invariant: seeds 1..255 have exactly one alias each; alias and address name each other. The first
ten are the published accounts of the TOS conformance vectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from lockstep_ledger.model import Address, ModelError
from lockstep_ledger.schemes import identity
from lockstep_ledger.signatures import KeyPair

NAMES = ("miner", "alice", "bob", "carol", "dave", "eve", "frank", "grace", "heidi", "ivan")
"""The aliases of seeds 1..10, in order."""

HIGHEST_SEED = 255
"""Seeds from 11 up to this one are called k11, k12, ..."""

SEEDS: Mapping[str, int] = MappingProxyType(
    {name: seed for seed, name in enumerate(NAMES, start=1)}
    | {f"k{seed}": seed for seed in range(len(NAMES) + 1, HIGHEST_SEED + 1)}
)
"""The seed of every alias."""


def pair_of(alias: str) -> KeyPair:
    """Return the key pair called ``alias``; an unknown one is a ``ModelError``."""
    seed = SEEDS.get(alias)
    if seed is None:
        raise ModelError(
            f"no identity is called {alias!r}; known: {', '.join(NAMES)}, "
            f"k{len(NAMES) + 1}..k{HIGHEST_SEED}"
        )
    return identity(seed)


def address_of(alias: str) -> Address:
    """Return the address of the identity called ``alias``; an unknown one is a ``ModelError``."""
    return pair_of(alias).public


def alias_of(address: Address) -> str | None:
    """Return what ``address`` is called, or None if it is no test identity's."""
    return _published().get(address) or _generic().get(address)


@lru_cache(maxsize=1)
def _published() -> Mapping[Address, str]:
    return {address_of(name): name for name in NAMES}


@lru_cache(maxsize=1)
def _generic() -> Mapping[Address, str]:
    return {address_of(alias): alias for alias in SEEDS if alias not in NAMES}
