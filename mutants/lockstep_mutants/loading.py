"""Faults in loading: what is read from storage, and what becomes of it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from lockstep_ledger.model import U64_MAX, Address, Asset, Transaction
from lockstep_ledger.outcome import BalanceKey, Code
from lockstep_mutants.shared import state_behind
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.state import BlockState, Tracked
from lockstep_parallel.rules.view import View

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _EverythingLoaded(BlockState):
    def modified(self, table: Tracked[K, V]) -> dict[K, V]:
        """Return all entries of ``table``; who exists is told apart by value as ever."""
        return super().modified(table) if table.name == "exists" else dict(table.values)


class LoadedCountsAsModified(Batched):
    """T08: entries that were only read are reported as modified and written back."""

    name = "loaded-counts-as-modified"
    state_class = _EverythingLoaded


class _StoredFundsOnly(Rules):
    async def spendable(self, source: Address, asset: Asset, view: View) -> int:
        """Return what ``source`` had of ``asset`` before the block."""
        return state_behind(view).balances.original((source, asset))


class StaleSenderRead(Batched):
    """T17: a sender's balance always comes from storage, whatever the block did to it."""

    name = "stale-sender-read"
    rules_class = _StoredFundsOnly


class _AnyNonce(Rules):
    async def check_nonce(self, transaction: Transaction, view: View) -> Code:  # noqa: ARG002 - looks nothing up
        """R5 with the transaction's own nonce for the current one: it needs a successor."""
        return Code.OVERFLOW if transaction.nonce == U64_MAX else Code.SUCCESS


class NonceUnchecked(Batched):
    """T22a: the nonce that a transaction is checked against is its own."""

    name = "nonce-unchecked"
    rules_class = _AnyNonce


class _AbsentMeansBroken(BlockState):
    def stored_balance(self, key: BalanceKey) -> int:
        """Return the balance in storage; raise for an account that is not there."""
        if not self.storage.exists(key[0]):
            raise LookupError("no such account")
        return super().stored_balance(key)


class NewReceiverFails(Batched):
    """T19: loading an absent account raises, so nobody can be credited for the first time."""

    name = "new-receiver-fails"
    state_class = _AbsentMeansBroken
