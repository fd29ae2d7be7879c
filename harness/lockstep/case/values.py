"""A case: the input of one differential run, as decoded values.

Invariant: a case says everything the run depends on (with the schedule it says how it ran), and its
transactions are intents that are signed when the case is realised, so it can be edited by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from lockstep_ledger.block import Rewards
from lockstep_ledger.model import Address, Asset, ChainId, FeeType, Payload, Policy, State


@dataclass(frozen=True, slots=True)
class Cosigner:
    """Who co-signs, under which signer id, and whether the signature is a valid one."""

    signer_id: int
    signer: Address
    valid: bool = True


@dataclass(frozen=True, slots=True)
class Intent:
    """A transaction before signing. ``id`` is unique in its case and survives edits.

    ``reference`` says how many versions before the newest the one is that it names as its
    reference: 0 is the newest, None names nothing.
    """

    id: str
    source: Address
    payload: Payload
    nonce: int
    fee: int
    fee_type: int = FeeType.TOS
    chain_id: int = ChainId.DEVNET
    cosigners: tuple[Cosigner, ...] | None = None
    valid: bool = True
    reference: int | None = None


@dataclass(frozen=True, slots=True)
class RawIntent:
    """Wire bytes taken as they are."""

    id: str
    wire: bytes


AnyIntent: TypeAlias = Intent | RawIntent


@dataclass(frozen=True, slots=True)
class MergeDies:
    """The process ends in the block's merge after so many writes; then the block is merged again.

    A store's merge and rewind are one write each.
    """

    after: int


class Column(StrEnum):
    """A column of storage, which can be unreadable by itself."""

    EXISTENCE = "existence"
    NONCE = "nonce"
    BALANCE = "balance"
    MULTISIG = "multisig"
    ENERGY = "energy"


@dataclass(frozen=True, slots=True)
class ReadsFail:
    """Storage cannot read ``account`` when the block is first executed; then it is again.

    With ``column`` only that column of it fails, with ``asset`` only its balance of that asset.
    """

    account: Address
    column: Column | None = None
    asset: Asset | None = None


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Somebody reads the storage at every step of the block's execution and before every write."""


@dataclass(frozen=True, slots=True)
class MergeFails:
    """The first write of the block's merge fails; the block is given up, and the chain goes on."""


PlannedFault: TypeAlias = MergeDies | MergeFails | ReadsFail | Onlooker
"""What happens to a block from outside, while it is executed or merged."""


@dataclass(frozen=True, slots=True)
class BlockStep:
    """Execute a block; ``fees_to`` None lets the fees vanish.

    With ``parallel`` off the chain applies the reference's result and the executor is passed by.
    With ``warm`` every account is read before the block, through what the executor reads from. The
    executor is asked for the block ``dry_runs`` times more, before the execution that is merged.
    """

    transactions: tuple[AnyIntent, ...]
    policy: Policy
    rewards: Rewards | None = None
    fees_to: Address | None = None
    advances_height: bool = True
    fault: PlannedFault | None = None
    parallel: bool = True
    warm: bool = False
    dry_runs: int = 0


@dataclass(frozen=True, slots=True)
class RewindStep:
    """Take back the newest ``blocks`` blocks."""

    blocks: int


Step: TypeAlias = BlockStep | RewindStep


@dataclass(frozen=True, slots=True)
class Case:
    """A state and the steps applied to it, under one signature scheme.

    ``retries`` is how often an executor that speculates may abort a transaction before it gives up
    and falls back; None leaves it to the executor. To others it means nothing.
    """

    state: State
    steps: tuple[Step, ...]
    scheme: str = "keyed-hash"
    retries: int | None = None

    def transactions(self) -> int:
        """Count the transactions of all blocks."""
        return sum(len(step.transactions) for step in self.steps if isinstance(step, BlockStep))
