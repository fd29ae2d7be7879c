"""What executing a block yields: receipts and the change it makes to the state.

Invariant: an entry is in a ``modified_*`` mapping if and only if its final value differs from its
value before the block (absent = nonce 0, balance 0, no multisig). Touched is not modified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from lockstep_ledger.model import Address, Asset, Multisig

BalanceKey: TypeAlias = tuple[Address, Asset]


class Code(IntEnum):
    """The result of one transaction, with the number the chain gives it."""

    SUCCESS = 0x0000
    INVALID_FORMAT = 0x0100
    INVALID_TYPE = 0x0102
    INVALID_SIGNATURE = 0x0103
    INVALID_AMOUNT = 0x0105
    INVALID_PAYLOAD = 0x0107
    NONCE_TOO_LOW = 0x0110
    NONCE_TOO_HIGH = 0x0111
    INSUFFICIENT_BALANCE = 0x0300
    INSUFFICIENT_FEE = 0x0301
    INSUFFICIENT_ENERGY = 0x0302
    OVERFLOW = 0x0304
    ACCOUNT_NOT_FOUND = 0x0400
    SELF_OPERATION = 0x0409
    NOT_IMPLEMENTED = 0xFF01


LATE = (Code.INSUFFICIENT_BALANCE, Code.OVERFLOW)
"""Want of funds and of room: what can fail only after form, nonce, fee and signature are right."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of one transaction; ``gas_used`` is its fee on success, else 0."""

    index: int
    hash: bytes
    code: Code
    gas_used: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a whole block changed nothing; ``index`` is None when no transaction is to blame."""

    index: int | None
    code: Code


@dataclass(frozen=True, slots=True)
class Fault:
    """A crash of the executor itself while it worked on transaction ``index`` (None: elsewhere).

    A fault is never a transaction result: an outcome with faults agrees with nothing.
    """

    index: int | None
    error: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between the state before a block and after it; all a merge writes.

    ``modified_multisigs`` maps to None for a deletion. ``created`` are accounts that did not exist
    before. ``burned`` and ``height`` are increments.
    """

    modified_nonces: Mapping[Address, int] = field(default_factory=dict)
    modified_balances: Mapping[BalanceKey, int] = field(default_factory=dict)
    modified_multisigs: Mapping[Address, Multisig | None] = field(default_factory=dict)
    modified_energies: Mapping[Address, int] = field(default_factory=dict)
    created: frozenset[Address] = frozenset()
    burned: int = 0
    height: int = 0


NO_CHANGES = Changes()


@dataclass(frozen=True, slots=True)
class Statistics:
    """How a block was executed. It is never compared, for no rule fixes any of it.

    ``executions`` counts runs of transactions, those that were repeated included; ``aborts`` the
    runs whose result was thrown away; ``batches`` how often the workers were set to work together.
    ``fallback`` says why the block was executed one transaction after another; "" if it was not.
    """

    executions: int = 0
    aborts: int = 0
    batches: int = 0
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything an executor answers for one block.

    ``receipts`` stand in block order, one per transaction; a block rejected at index i has receipts
    0..i, and one rejected without an index has none. ``fees`` is the sum of the successful fees
    paid in the native asset of a block that was not rejected.
    """

    receipts: tuple[Receipt, ...]
    changes: Changes
    fees: int = 0
    rejection: Rejection | None = None
    faults: tuple[Fault, ...] = ()
    statistics: Statistics = field(default=Statistics(), compare=False)
