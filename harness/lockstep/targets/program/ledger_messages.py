"""States, transactions and blocks as messages: what the ledger is made of.

Invariant: what lacks a field without default or has a wrong JSON type does not decode; an unknown
field is ignored. Numbers and bytes are checked where they become values.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from lockstep_ledger.model import U64_MAX

_DECIMAL = {"pattern": "^(0|[1-9][0-9]*)$"}
"""What only the schema says, so that a number is checked once, where it becomes a value."""

U64: TypeAlias = (
    Annotated[str, Meta(extra_json_schema={**_DECIMAL, "maxLength": 20})]
    | Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": U64_MAX})]
)
"""A u64 on the wire: written as a decimal string, read as a string or a number."""
Sum: TypeAlias = (
    Annotated[str, Meta(extra_json_schema={**_DECIMAL, "maxLength": 39})]
    | Annotated[int, Meta(extra_json_schema={"minimum": 0})]
)
"""A sum of u64 values, which has up to 128 bits."""
Hex: TypeAlias = Annotated[str, Meta(extra_json_schema={"pattern": "^([0-9a-fA-F]{2})*$"})]


class MultisigMessage(Struct):
    """A multisig configuration."""

    threshold: int
    participants: list[Hex]


class AccountMessage(Struct, kw_only=True):
    """One account."""

    nonce: U64 = "0"
    balances: dict[Hex, U64] = {}
    multisig: MultisigMessage | None = None
    energy: U64 = "0"
    frozen: U64 = "0"
    flags: U64 = "0"
    data: Hex = ""


class StateMessage(Struct, kw_only=True):
    """A whole state; an account exists if it is a key."""

    accounts: dict[Hex, AccountMessage]
    chain_id: int
    height: U64 = "0"
    burned: U64 = "0"
    total_supply: U64 = "0"
    timestamp: U64 = "0"


class OutputMessage(Struct):
    """One output of a transfer; ``data`` is extra data, None for none."""

    asset: Hex
    to: Hex
    amount: U64
    data: Hex | None = None


class CosignatureMessage(Struct, kw_only=True):
    """One co-signature; ``valid_for`` names the keys it is valid for, None: not computed."""

    signer_id: int
    signature: Hex
    valid_for: list[Hex] | None = None


class _Envelope(Struct, tag_field="kind", kw_only=True):
    hash: Hex
    size: int
    wire: Hex
    from_wire: bool = True


class UndecodableMessage(_Envelope, kw_only=True, tag="undecodable"):
    """Bytes that are no transaction."""


class UnsupportedMessage(_Envelope, kw_only=True, tag="unsupported"):
    """A transaction of a type that is assigned and not modelled."""


class _Signed(_Envelope, kw_only=True):
    version: int
    chain_id: int
    source: Hex
    fee: U64
    fee_type: int
    nonce: U64
    reference_hash: Hex
    reference_topoheight: U64
    signing_size: int
    signature: Hex
    signature_valid: bool | None = None
    cosignatures: list[CosignatureMessage] | None = None


class TransfersMessage(_Signed, kw_only=True, tag="transfers"):
    """A transfer transaction."""

    outputs: list[OutputMessage]


class BurnMessage(_Signed, kw_only=True, tag="burn"):
    """A burn transaction."""

    asset: Hex
    amount: U64


class SetMultisigMessage(_Signed, kw_only=True, tag="set_multisig"):
    """A multisig transaction."""

    threshold: int
    participants: list[Hex]


class NonceBumpMessage(_Signed, kw_only=True, tag="nonce_bump"):
    """A nonce bump."""


SignedMessage: TypeAlias = TransfersMessage | BurnMessage | SetMultisigMessage | NonceBumpMessage
TransactionMessage: TypeAlias = SignedMessage | UndecodableMessage | UnsupportedMessage


class RewardsMessage(Struct):
    """What a block pays before its transactions."""

    dev: Hex
    dev_amount: U64
    miner: Hex
    miner_amount: U64


class BlockMessage(Struct, kw_only=True):
    """A block and the terms it is executed under."""

    policy: str
    scheme: str
    transactions: list[TransactionMessage]
    rewards: RewardsMessage | None = None
    fees_to: Hex | None = None
    advances_height: bool = True
