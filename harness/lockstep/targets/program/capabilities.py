"""What an executor can do, in its own words; what is not named it cannot."""

from __future__ import annotations

from msgspec import Struct

MAXIMUM_FRAME = 64 * 1024 * 1024
"""The most bytes of JSON in one frame, either way."""

PAYLOADS = ("transfers", "burn", "set_multisig", "nonce_bump", "undecodable", "unsupported")
TERMS = ("rewards", "fees_to", "lone")
PRECOMPUTED = "precomputed"


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
