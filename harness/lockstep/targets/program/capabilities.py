"""What an executor can do, in its own words; what is not named it cannot."""

from __future__ import annotations

from msgspec import Struct

from lockstep.targets.program.ledger_messages import U64
from lockstep_ledger.model import U64_MAX

MAXIMUM_FRAME = 64 * 1024 * 1024
"""The most bytes of JSON in one frame, either way."""

PAYLOADS = ("transfers", "burn", "set_multisig", "nonce_bump", "undecodable", "unsupported")
TERMS = ("rewards", "fees_to", "lone")
HISTORY = ("rewind", "read_state", "load")
PRECOMPUTED = "precomputed"


class LimitsMessage(Struct, kw_only=True, frozen=True):
    """The most that an executor takes; None is no limit."""

    frame: int = MAXIMUM_FRAME
    transactions: int | None = None
    accounts: int | None = None
    workers: int | None = None


class HeightsMessage(Struct, kw_only=True, frozen=True):
    """The heights that a state may have before a block."""

    lowest: U64 = "0"
    highest: U64 = str(U64_MAX)


class CapabilitiesMessage(Struct, kw_only=True):
    """What an executor can do; of what has a list, what is not named it cannot.

    Of ``fee_types``, ``chain_ids`` and ``heights`` None is no limit.
    """

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
    fee_types: list[int] | None = None
    chain_ids: list[int] | None = None
    heights: HeightsMessage | None = None
    history: list[str] = []
    references: list[str] = []
    jitter: bool = False
