"""Credits that commute: a receiver's balance is added to without being read.

Invariant: an account whose credits commute can take all that the block might pay it, so no credit
of it can fail; and no two transactions run side by side of which one credits it and the other is
its own. So nobody can tell in which order its credits came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol, assert_never

from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import (
    U64_MAX,
    Address,
    Asset,
    Burn,
    NonceBump,
    SetMultisig,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import BalanceKey, Code
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.block_executor import BlockExecutor
from lockstep_parallel.executors.dag import Dag
from lockstep_parallel.rules.access import AccessList, Credit
from lockstep_parallel.rules.overlay import Overlay, Shared
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.rules.view import Read, View
from lockstep_parallel.steps.ops import Key, Kind, op


class Crediting(Shared, Protocol):
    """What an overlay with additions reads from; it tells whose credits do not commute."""

    @property
    def in_order(self) -> frozenset[Address]:
        """The accounts whose credits are applied in the order of the block."""
        ...


class CreditState(BlockState):
    """The state of a block; credits of all accounts commute but of those ``in_order``."""

    def __init__(self, storage: Reader) -> None:
        super().__init__(storage)
        self.in_order: frozenset[Address] = frozenset()

    async def publish(self, overlay: Overlay) -> None:
        """Make the writes of ``overlay`` visible in one step and its additions in another.

        Nobody looks between the two: who reads one of these accounts waits for both.
        """
        await super().publish(overlay)
        assert isinstance(overlay, CreditOverlay)
        if overlay.additions:
            await op(Kind.ADD, self.credited_keys(overlay.additions), "credit")
            with self._publishing:
                self.add(overlay.additions)

    def credited_keys(self, additions: dict[BalanceKey, int]) -> tuple[Key, ...]:
        """Return every location that ``additions`` add to: balances, and who exists."""
        receivers = dict.fromkeys(receiver for receiver, _ in additions)
        return (*map(self.balances.key, additions), *map(self.existence.key, receivers))

    def add(self, additions: dict[BalanceKey, int]) -> None:
        """Add to the balances; their owners exist from then on."""
        for key, amount in additions.items():
            self.balances.values[key] = self.balances.current(key) + amount
            self.existence.values[key[0]] = True


class CreditOverlay(Overlay):
    """An overlay that also stages ``additions``, to balances that it does not read."""

    __slots__ = ("additions",)

    shared: Crediting

    def __init__(self, shared: Crediting) -> None:
        super().__init__(shared)
        self.additions: dict[BalanceKey, int] = {}

    def balance(self, address: Address, asset: Asset) -> Read[int]:
        """Return the account's balance of one asset."""
        assert (address, asset) not in self.additions, "a balance was added to, then read"
        return super().balance(address, asset)

    def add(self, address: Address, asset: Asset, amount: int) -> None:
        """Stage an addition to a balance."""
        key = address, asset
        self.additions[key] = self.additions.get(key, 0) + amount


class CreditRules(Rules):
    """The rules, where a credit that commutes is added and any other applied as ever."""

    async def credit(self, output: Transfer, view: View) -> Code:
        """R11, transfers: credit one receiver, unread if no order can make that fail."""
        assert isinstance(view, CreditOverlay)
        if output.destination in view.shared.in_order:
            return await super().credit(output, view)
        view.add(output.destination, output.asset, output.amount)
        return Code.SUCCESS


class CommutingCredits(BlockExecutor):
    """What makes an executor's credits commute; the executor itself comes after it in the bases."""

    rules_class = CreditRules
    state_class = CreditState
    overlay_class = CreditOverlay

    def access_lists(self, block: Block, state: BlockState) -> list[AccessList]:
        """Return the access lists with receivers as credits where these commute."""
        assert isinstance(state, CreditState)
        state.in_order = self.crowded(block.transactions, state)
        return [
            with_credits(access, envelope, state.in_order)
            for access, envelope in zip(
                super().access_lists(block, state), block.transactions, strict=True
            )
        ]

    def crowded(self, transactions: Sequence[Envelope], state: BlockState) -> frozenset[Address]:
        """Return the accounts that might overflow if everything that pays them succeeds.

        The block decides, not the batch: a little more order than needed, known before it starts.
        """
        sums: Counter[BalanceKey] = Counter()
        for envelope in transactions:
            for output in outputs_of(envelope):
                sums[output.destination, output.asset] += output.amount
        return frozenset(key[0] for key, total in sums.items() if not fits(key, total, state))


def outputs_of(envelope: Envelope) -> tuple[Transfer, ...]:
    """Return what the transaction pays out; nothing if it is no transfer."""
    transaction = envelope.content
    if not isinstance(transaction, Transaction):
        return ()
    match transaction.payload:
        case Transfers(outputs):
            return outputs
        case Burn() | SetMultisig() | NonceBump():
            return ()
        case unknown:
            assert_never(unknown)


def fits(key: BalanceKey, total: int, state: BlockState) -> bool:
    """Tell whether a balance can take ``total``.

    One that cannot be read has no room: the transaction that needs it shall meet the error.
    """
    try:
        return state.balances.current(key) + total <= U64_MAX
    except Exception:
        return False


def with_credits(
    access: AccessList, envelope: Envelope, in_order: frozenset[Address]
) -> AccessList:
    """Return ``access`` with the receivers as credits, but for those ``in_order``."""
    content = envelope.content
    if not isinstance(content, Transaction):
        return access
    receivers = {each.destination for each in outputs_of(envelope)} - in_order - {content.source}
    commuting = access & receivers
    return (access - commuting) | {Credit(each) for each in receivers if each in commuting}


class BatchedCredits(CommutingCredits, Batched):
    """The batched executor; who only receives in a batch may receive from many."""

    name = "batched-credits"


class DagCredits(CommutingCredits, Dag):
    """The dag executor; who credits an account waits for its last own transaction only."""

    name = "dag-credits"
