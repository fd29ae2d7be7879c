"""How a namespace's records are written as keys and values of the database.

    namespace 8 | 'c' | name                    topoheight 8 | value     the newest version
    namespace 8 | 'h' | name | ~topoheight 8    value                    a superseded version
    namespace 8 | 'j' | ~topoheight 8           (length 1 | name) ...    the names one merge wrote
    namespace 8 | ff                            first 8 | newest 8       the topoheights it spans

A name is a column's code and its key: an address, an address and an asset, or nothing.

Invariant: integers are u64 big-endian; the keys of one column have one length, so no name is the
prefix of another; ``~`` (all bits turned) makes the newest version the first one a forward search
meets; the last record of a namespace always exists, so that such a search never leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Generic, TypeVar

from lockstep_ledger.model import ADDRESS_LENGTH, U64_MAX, Chain, Multisig

LAYOUT_VERSION = b"lockstep storage 1"
VERSION_KEY = bytes(8) + b"layout"
FIRST_NAMESPACE = 1

CURRENT = b"c"
HISTORY = b"h"
JOURNAL = b"j"
SPAN = b"\xff"

V = TypeVar("V")

_CHAIN = Struct(">BQQQQ")
_INERT = Struct(">QQ")
_SPAN = Struct(">QQ")


@dataclass(frozen=True, slots=True)
class Column(Generic[V]):
    """One kind of value: the first byte of its names, its encoding, what an absent record means."""

    code: bytes
    encode: Callable[[V], bytes]
    decode: Callable[[bytes], V]
    absent: V


@dataclass(frozen=True, slots=True)
class Inert:
    """The part of an account that no rule touches; its record is the account's registration."""

    frozen: int = 0
    flags: int = 0
    data: bytes = b""


def encode_u64(value: int) -> bytes:
    """Return ``value`` as 8 bytes, big-endian."""
    return value.to_bytes(8, "big")


def decode_u64(encoded: bytes) -> int:
    """Return the integer that ``encode_u64`` wrote."""
    return int.from_bytes(encoded, "big")


def descending(topoheight: int) -> bytes:
    """Return ``topoheight`` so that higher ones sort first."""
    return encode_u64(U64_MAX - topoheight)


def ascending(encoded: bytes) -> int:
    """Return the topoheight that ``descending`` wrote."""
    return U64_MAX - decode_u64(encoded)


def encode_span(first: int, newest: int) -> bytes:
    """Return the value of a namespace's last record."""
    return _SPAN.pack(first, newest)


def decode_span(encoded: bytes) -> tuple[int, int]:
    """Return the first and the newest topoheight."""
    first, newest = _SPAN.unpack(encoded)
    return first, newest


def encode_names(names: Iterable[bytes]) -> bytes:
    """Return a journal's value."""
    return b"".join(bytes((len(name),)) + name for name in names)


def decode_names(encoded: bytes) -> Iterator[bytes]:
    """Yield the names of a journal."""
    start = 0
    while start < len(encoded):
        end = start + 1 + encoded[start]
        yield encoded[start + 1 : end]
        start = end


def _encode_multisig(multisig: Multisig | None) -> bytes:
    if multisig is None:
        return b""
    return bytes((multisig.threshold,)) + b"".join(multisig.participants)


def _decode_multisig(encoded: bytes) -> Multisig | None:
    if not encoded:
        return None
    starts = range(1, len(encoded), ADDRESS_LENGTH)
    return Multisig(encoded[0], tuple(encoded[start : start + ADDRESS_LENGTH] for start in starts))


def _encode_inert(inert: Inert | None) -> bytes:
    assert inert is not None, "a registration is deleted, never overwritten"
    return _INERT.pack(inert.frozen, inert.flags) + inert.data


def _decode_inert(encoded: bytes) -> Inert | None:
    frozen, flags = _INERT.unpack_from(encoded)
    return Inert(frozen, flags, encoded[_INERT.size :])


def _encode_chain(chain: Chain) -> bytes:
    return _CHAIN.pack(
        chain.chain_id, chain.height, chain.burned, chain.total_supply, chain.timestamp
    )


def _decode_chain(encoded: bytes) -> Chain:
    return Chain(*_CHAIN.unpack(encoded))


NONCE: Column[int] = Column(b"n", encode_u64, decode_u64, 0)
BALANCE: Column[int] = Column(b"b", encode_u64, decode_u64, 0)
ENERGY: Column[int] = Column(b"e", encode_u64, decode_u64, 0)
MULTISIG: Column[Multisig | None] = Column(b"m", _encode_multisig, _decode_multisig, None)
ACCOUNT: Column[Inert | None] = Column(b"a", _encode_inert, _decode_inert, None)
CHAIN: Column[Chain] = Column(b"x", _encode_chain, _decode_chain, Chain())
