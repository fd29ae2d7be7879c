"""The words that case files and reports use for addresses and assets.

Invariant: ``address_named(account_name(address)) == address``, and the same for assets; what has
no name is written in hex.
"""

from __future__ import annotations

import re
from functools import lru_cache

from lockstep.foreign.text import quoted
from lockstep_ledger.identities import SEEDS, address_of, alias_of, pair_of
from lockstep_ledger.model import NATIVE, Address, Asset
from lockstep_ledger.signatures import KeyPair

GOLD: Asset = b"\x11" * 32
SILVER: Asset = b"\x22" * 32
ASSETS = {"native": NATIVE, "gold": GOLD, "silver": SILVER}
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_ASSET_NAMES = {asset: name for name, asset in ASSETS.items()}


class UnknownNameError(ValueError):
    """A word that is neither a name nor 32 bytes of hex."""


@lru_cache(maxsize=1024)
def account_name(address: Address) -> str:
    """Return the name of an address, its hex if it has none."""
    return alias_of(address) or address.hex()


def asset_name(asset: Asset) -> str:
    """Return the name of an asset, its hex if it has none."""
    return _ASSET_NAMES.get(asset) or asset.hex()


def address_named(text: str) -> Address:
    """Return the address called ``text``."""
    return address_of(text) if text in SEEDS else _from_hex(text, "account")


def asset_named(text: str) -> Asset:
    """Return the asset called ``text``."""
    return ASSETS[text] if text in ASSETS else _from_hex(text, "asset")


@lru_cache(maxsize=1024)
def key_pair_of(address: Address) -> KeyPair | None:
    """Return the key pair of a test identity, None for any other address."""
    alias = alias_of(address)
    return None if alias is None else pair_of(alias)


def _from_hex(text: str, what: str) -> bytes:
    if _HEX.fullmatch(text) is None:
        raise UnknownNameError(f"{quoted(text)} is neither a known {what} nor 64 hex digits")
    return bytes.fromhex(text)
