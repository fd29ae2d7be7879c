"""Faults in moving value: what receivers get and what senders lose."""

from __future__ import annotations

from dataclasses import replace

from lockstep_ledger.model import U64_MAX, Transaction, Transfers
from lockstep_ledger.outcome import BalanceKey, Code
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.view import View


class _CreditsFromZero(Rules):
    async def apply_transfers(self, transfers: Transfers, view: View) -> Code:
        """Sum the outputs per receiver, then let each sum replace the receiver's balance."""
        sums: dict[BalanceKey, int] = {}
        for output in transfers.outputs:
            key = output.destination, output.asset
            sums[key] = sums.get(key, 0) + output.amount
            if sums[key] > U64_MAX:
                return Code.OVERFLOW
        for (receiver, asset), amount in sums.items():
            view.set_balance(receiver, asset, amount)
            view.create(receiver)
        return Code.SUCCESS


class CreditShadowMap(Batched):
    """T01: credits are summed from 0 in a map, and the map overwrites the stored balances."""

    name = "credit-shadow-map"
    rules_class = _CreditsFromZero


class _NoDebit(Rules):
    async def debit(self, transaction: Transaction, view: View) -> None:
        """Take nothing."""


class SenderNotDebited(Batched):
    """T02a: what a sender spends is summed and checked, but never subtracted."""

    name = "sender-not-debited"
    rules_class = _NoDebit


class _FeeIsFree(Rules):
    async def debit(self, transaction: Transaction, view: View) -> None:
        """Take the outputs alone."""
        await super().debit(replace(transaction, fee=0), view)


class FeeNotDebited(Batched):
    """T02b: the fee is checked and reported, but never subtracted from the sender."""

    name = "fee-not-debited"
    rules_class = _FeeIsFree


class _SaturatingSubtraction(Rules):
    def remaining(self, balance: int, amount: int) -> int:
        """Subtract down to 0 and no further."""
        return max(0, balance - amount)


class DebitSaturates(Batched):
    """T02c: a debit saturates at 0 instead of being refused, so anyone can pay anything."""

    name = "debit-saturates"
    rules_class = _SaturatingSubtraction
