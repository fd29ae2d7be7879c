"""The values of the ledger: accounts, state, transactions, blocks.

Invariant: every integer is inside its width and every identifier has its length; a value
outside is a ``ModelError`` at construction, never a transaction result. Values are frozen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TypeAlias

U8_MAX = 2**8 - 1
U16_MAX = 2**16 - 1
U64_MAX = 2**64 - 1
COIN = 10**8
MAXIMUM_SUPPLY = 184_000_000 * COIN

ADDRESS_LENGTH = 32
SIGNATURE_LENGTH = 64

Address: TypeAlias = bytes
"""32 bytes: a public key, for the schnorr scheme a compressed ristretto255 point."""
Asset: TypeAlias = bytes
"""32 bytes; 32 zero bytes name the native asset."""

NATIVE: Asset = bytes(32)
NO_REFERENCE = bytes(32)


class ModelError(ValueError):
    """A value outside its width or of the wrong length."""


class ChainId(IntEnum):
    """The known networks. A state may carry any u8; these are the ones that have a name."""

    MAINNET = 0
    TESTNET = 1
    STAGENET = 2
    DEVNET = 3


class FeeType(IntEnum):
    """How a transaction pays. The wire carries a u8; other values are rejected by the rules."""

    TOS = 0
    ENERGY = 1


class Policy(Enum):
    """What a failing transaction does to its block."""

    ATOMIC = "atomic"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Multisig:
    """A multisig configuration: how many of which participants must co-sign.

    ``participants`` keep their order; a signer id is an index into them. A configuration that an
    account holds has 1..255 unique participants and 1 <= threshold <= their number.
    """

    threshold: int
    participants: tuple[Address, ...]

    def __post_init__(self) -> None:
        _check_width("threshold", self.threshold, U8_MAX)
        for participant in self.participants:
            _check_length("participant", participant, ADDRESS_LENGTH)


@dataclass(frozen=True, slots=True)
class Account:
    """One account as stored. ``balances`` holds no zero entries; an absent asset means 0.

    ``frozen``, ``flags`` and ``data`` are inert: carried for the digest, touched by no rule here.
    """

    nonce: int = 0
    balances: Mapping[Asset, int] = field(default_factory=dict)
    multisig: Multisig | None = None
    energy: int = 0
    frozen: int = 0
    flags: int = 0
    data: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.nonce | self.energy | self.frozen | self.flags <= U64_MAX:
            _refuse_width(self, ("nonce", "energy", "frozen", "flags"), U64_MAX)
        for asset, amount in self.balances.items():
            _check_length("asset", asset, ADDRESS_LENGTH)
            _check_width("balance", amount, U64_MAX)
        if not all(self.balances.values()):
            nonzero = {asset: amount for asset, amount in self.balances.items() if amount}
            object.__setattr__(self, "balances", nonzero)

    def balance(self, asset: Asset) -> int:
        """Return the balance of ``asset``, 0 if the account never held it."""
        return self.balances.get(asset, 0)


@dataclass(frozen=True, slots=True)
class Chain:
    """The block-wide part of a state.

    ``total_supply`` and ``timestamp`` are inert: carried for the digest only.
    """

    chain_id: int = ChainId.DEVNET
    height: int = 0
    burned: int = 0
    total_supply: int = 0
    timestamp: int = 0

    def __post_init__(self) -> None:
        _check_width("chain_id", self.chain_id, U8_MAX)
        if not 0 <= self.height | self.burned | self.total_supply | self.timestamp <= U64_MAX:
            _refuse_width(self, ("height", "burned", "total_supply", "timestamp"), U64_MAX)


@dataclass(frozen=True, slots=True)
class State:
    """A whole ledger at one moment. An account exists if and only if it is a key."""

    chain: Chain
    accounts: Mapping[Address, Account]

    def __post_init__(self) -> None:
        for address in self.accounts:
            _check_length("address", address, ADDRESS_LENGTH)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One output of a transfer transaction."""

    asset: Asset
    destination: Address
    amount: int
    extra_data: bytes | None = None

    def __post_init__(self) -> None:
        _check_length("asset", self.asset, ADDRESS_LENGTH)
        _check_length("destination", self.destination, ADDRESS_LENGTH)
        _check_width("amount", self.amount, U64_MAX)
        if self.extra_data is not None:
            _check_width("length of extra_data", len(self.extra_data), U16_MAX)


@dataclass(frozen=True, slots=True)
class Transfers:
    """Payload: credit every output, in order."""

    outputs: tuple[Transfer, ...]

    def __post_init__(self) -> None:
        _check_width("number of transfers", len(self.outputs), U16_MAX)


@dataclass(frozen=True, slots=True)
class Burn:
    """Payload: destroy an amount of an asset; only the native asset counts as burned."""

    asset: Asset
    amount: int

    def __post_init__(self) -> None:
        _check_length("asset", self.asset, ADDRESS_LENGTH)
        _check_width("amount", self.amount, U64_MAX)


@dataclass(frozen=True, slots=True)
class SetMultisig:
    """Payload: set, replace or, as ``(0, ())``, delete the source's multisig configuration."""

    threshold: int
    participants: tuple[Address, ...]

    def __post_init__(self) -> None:
        _check_width("threshold", self.threshold, U8_MAX)
        for participant in self.participants:
            _check_length("participant", participant, ADDRESS_LENGTH)


@dataclass(frozen=True, slots=True)
class NonceBump:
    """Payload: no effect besides nonce and fee; priced as one native transfer."""


Payload: TypeAlias = Transfers | Burn | SetMultisig | NonceBump


@dataclass(frozen=True, slots=True)
class Cosignature:
    """The signature of participant number ``signer_id`` of the source's configuration."""

    signer_id: int
    signature: bytes

    def __post_init__(self) -> None:
        _check_width("signer_id", self.signer_id, U8_MAX)
        _check_length("signature", self.signature, SIGNATURE_LENGTH)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A signed transaction.

    ``cosignatures`` is None when the transaction carries no multisig part, which is not the same
    as an empty one. ``reference_*`` are carried and signed but validated by no rule.
    """

    chain_id: int
    source: Address
    payload: Payload
    fee: int
    fee_type: int
    nonce: int
    signature: bytes
    cosignatures: tuple[Cosignature, ...] | None = None
    reference_hash: bytes = NO_REFERENCE
    reference_topoheight: int = 0
    version: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.version | self.chain_id | self.fee_type <= U8_MAX:
            _refuse_width(self, ("version", "chain_id", "fee_type"), U8_MAX)
        if not 0 <= self.fee | self.nonce | self.reference_topoheight <= U64_MAX:
            _refuse_width(self, ("fee", "nonce", "reference_topoheight"), U64_MAX)
        _check_length("source", self.source, ADDRESS_LENGTH)
        _check_length("reference_hash", self.reference_hash, 32)
        _check_length("signature", self.signature, SIGNATURE_LENGTH)


def _check_width(name: str, value: int, maximum: int) -> None:
    if not 0 <= value <= maximum:
        raise ModelError(f"{name} is {value}, outside 0..{maximum}")


def _refuse_width(value: object, names: Sequence[str], maximum: int) -> None:
    """Say which of the named fields is the one outside 0..maximum.

    The values with many fields ask whether their bitwise or fits: it does if and only if each of
    them does, for a sign and a bit too high both survive an or.
    """
    for name in names:
        _check_width(name, getattr(value, name), maximum)


def _check_length(name: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise ModelError(f"{name} has {len(value)} bytes, not {length}")
