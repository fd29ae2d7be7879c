"""Outcomes as messages: what executing a block gave, and how it was really executed."""

from __future__ import annotations

from msgspec import Struct

from lockstep.targets.program.ledger_messages import U64, Hex, MultisigMessage, Sum


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
    fees: Sum
    height: U64
    faults: list[FaultMessage] = []


class StatisticsMessage(Struct, kw_only=True):
    """How a block was really executed."""

    mode: str
    fallback: str | None = None
    executions: int | None = None
    aborts: int | None = None
    highest_concurrency: int | None = None
