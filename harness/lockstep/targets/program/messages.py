"""The messages of the contract (docs/protocol.md), one type for each thing that is said.

Invariant: what lacks a field without default, has a wrong JSON type or an unknown ``type`` does not
decode; an unknown field is ignored. Numbers and bytes are checked where they become values.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

PROTOCOL = 1
MAXIMUM_FRAME = 64 * 1024 * 1024
"""The most bytes of JSON in one frame, either way."""

PAYLOADS = ("transfers", "burn", "set_multisig", "nonce_bump", "undecodable", "unsupported")
TERMS = ("rewards", "fees_to", "lone")
PRECOMPUTED = "precomputed"

U64: TypeAlias = str | int
"""A u64 on the wire: written as a decimal string, read as a string or a number."""
Hex: TypeAlias = str


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


class ScheduleMessage(Struct, kw_only=True):
    """A wanted interleaving: from a seed, or the trace of an earlier answer."""

    seed: U64 | None = None
    trace: list[str] | None = None


class _Message(Struct, tag_field="type", kw_only=True):
    id: int


class Hello(_Message, kw_only=True, tag="hello"):
    """The first request of a process."""

    protocol: int
    harness: str = ""


class Echo(_Message, kw_only=True, tag="echo"):
    """A request whose answer has the same text, and that answer."""

    text: str


class LoadState(_Message, kw_only=True, tag="load_state"):
    """Hold this state from now on."""

    state: StateMessage


class ExecuteBlock(_Message, kw_only=True, tag="execute_block"):
    """Execute a block on the state that is held."""

    block: BlockMessage
    mode: str = "parallel"
    workers: int = 1
    force_parallel: bool = False
    deadline_ms: int = 10_000
    schedule: ScheduleMessage | None = None


class ExportState(_Message, kw_only=True, tag="export_state"):
    """Say which state is held."""


class Reset(_Message, kw_only=True, tag="reset"):
    """Hold no state from now on; its answer is the same."""


class Bye(_Message, kw_only=True, tag="bye"):
    """The last request; its answer is the same."""


Request: TypeAlias = Hello | Echo | LoadState | ExecuteBlock | ExportState | Reset | Bye


class LimitsMessage(Struct, kw_only=True, frozen=True):
    """The most that an executor takes; None is no limit."""

    frame: int = MAXIMUM_FRAME
    transactions: int | None = None
    accounts: int | None = None
    workers: int | None = None


class CapabilitiesMessage(Struct, kw_only=True):
    """What an executor can do; what is not named it cannot."""

    payloads: list[str]
    policies: list[str]
    signatures: list[str]
    terms: list[str] = []
    decodes_wire: bool = False
    parallel: bool = False
    schedule_seed: bool = False
    schedule_replay: bool = False
    state_export: bool = False
    limits: LimitsMessage = LimitsMessage()


class HelloAnswer(_Message, kw_only=True, tag="hello"):
    """Who the executor is and what it can do."""

    protocol: int
    name: str
    version: str
    build: str = ""
    capabilities: CapabilitiesMessage


class ReceiptMessage(Struct):
    """One receipt."""

    index: int
    hash: Hex
    code: str
    gas_used: U64


class RejectionMessage(Struct, kw_only=True):
    """Why a block changed nothing."""

    code: str
    index: int | None = None


class FaultMessage(Struct, kw_only=True):
    """A crash inside the executor that it survived."""

    error: str
    index: int | None = None


class OutcomeMessage(Struct, kw_only=True):
    """What executing a block gave."""

    receipts: list[ReceiptMessage]
    rejection: RejectionMessage | None = None
    modified_nonces: dict[Hex, U64]
    modified_balances: dict[Hex, dict[Hex, U64]]
    modified_multisigs: dict[Hex, MultisigMessage | None]
    modified_energies: dict[Hex, U64]
    created: list[Hex]
    burned: U64
    fees: U64
    height: U64
    faults: list[FaultMessage] = []


class StatisticsMessage(Struct, kw_only=True):
    """How a block was really executed."""

    mode: str
    fallback: str | None = None
    executions: int | None = None
    aborts: int | None = None
    highest_concurrency: int | None = None


class ExecuteBlockAnswer(_Message, kw_only=True, tag="execute_block"):
    """The answer to a block; ``trace`` is how it went, in the executor's own words."""

    outcome: OutcomeMessage
    statistics: StatisticsMessage
    trace: list[str] | None = None


class LoadStateAnswer(_Message, kw_only=True, tag="load_state"):
    """The state is held."""


class ExportStateAnswer(_Message, kw_only=True, tag="export_state"):
    """The state that is held."""

    state: StateMessage


class ErrorAnswer(Struct, tag_field="type", tag="error", kw_only=True):
    """Why there is no other answer; ``id`` None when the request's is not known."""

    id: int | None = None
    code: str
    text: str = ""


Answer: TypeAlias = (
    HelloAnswer
    | Echo
    | LoadStateAnswer
    | ExecuteBlockAnswer
    | ExportStateAnswer
    | Reset
    | Bye
    | ErrorAnswer
)
