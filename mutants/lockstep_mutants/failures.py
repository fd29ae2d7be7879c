"""Faults in failing: something of a transaction reaches the shared state before it has succeeded.

Each early write is announced like any other, so these faults need no race, only a transaction that
fails late enough.
"""

from __future__ import annotations

from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Address,
    Burn,
    Multisig,
    SetMultisig,
    Transaction,
    Transfer,
)
from lockstep_ledger.outcome import Code
from lockstep_mutants.shared import state_behind
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.view import View
from lockstep_parallel.steps.ops import Kind

EARLY = "early write"


class _FeeBeforeFunds(Rules):
    async def check_funds(self, transaction: Transaction, view: View) -> Code:
        """Take the fee for good, then see whether the source can pay all of it."""
        source = transaction.source
        if transaction.fee:
            balance = await self.spendable(source, NATIVE, view)
            left = self.remaining(balance, transaction.fee)
            await state_behind(view).balances.put((source, NATIVE), left, EARLY)
        return await super().check_funds(transaction, view)


class FeeKeptOnFailure(Batched):
    """T03: the fee is debited before the funds check and not given back when that fails."""

    name = "fee-kept-on-failure"
    rules_class = _FeeBeforeFunds


class _CreditsWrittenThrough(Rules):
    async def credit(self, output: Transfer, view: View) -> Code:
        """Credit one receiver in the shared state as well as in the view."""
        code = await super().credit(output, view)
        if code is Code.SUCCESS:
            state = state_behind(view)
            balance = await view.balance(output.destination, output.asset)
            await state.balances.put((output.destination, output.asset), balance, EARLY)
            await state.existence.put(output.destination, True, EARLY)
        return code


class PartialTransferResidue(Batched):
    """T04: credits are written through at once and stay when a later output overflows."""

    name = "partial-transfer-residue"
    rules_class = _CreditsWrittenThrough


class _NonceFirst(Rules):
    async def apply(self, transaction: Transaction, view: View) -> Code:
        """Advance the shared nonce, then apply."""
        nonces = state_behind(view).nonces
        await nonces.put(transaction.source, transaction.nonce + 1, EARLY)
        return await super().apply(transaction, view)


class PrematureNonce(Batched):
    """T05, nonce: the nonce is committed before the effects are known to succeed."""

    name = "premature-nonce"
    rules_class = _NonceFirst


class _FeeFirst(Rules):
    async def apply(self, transaction: Transaction, view: View) -> Code:
        """Take the fee from the shared balance, then apply."""
        source = transaction.source
        if transaction.fee:
            balance = await self.spendable(source, NATIVE, view)
            left = self.remaining(balance, transaction.fee)
            await state_behind(view).balances.put((source, NATIVE), left, EARLY)
        return await super().apply(transaction, view)


class PrematureFee(Batched):
    """T05, fee: the fee is committed before the effects are known to succeed."""

    name = "premature-fee"
    rules_class = _FeeFirst


class _MultisigFirst(Rules):
    async def check_multisig(self, source: Address, change: SetMultisig, view: View) -> Code:
        """Commit a well-formed configuration before any signature was looked at."""
        code = await super().check_multisig(source, change, view)
        if code is Code.SUCCESS:
            # The view remembers what it reads, so the old participants still bind the source.
            await self.current_multisig(source, view)
            config = Multisig(change.threshold, change.participants) if change.threshold else None
            await state_behind(view).multisigs.put(source, config, EARLY)
        return code


class PrematureMultisig(Batched):
    """T05, multisig: a configuration is committed before the signatures are checked."""

    name = "premature-multisig"
    rules_class = _MultisigFirst


class _BurnedFirst(Rules):
    async def apply_burn(self, burn: Burn, view: View) -> Code:
        """Count in the shared state at once, then see whether the counter still fits."""
        if burn.asset != NATIVE:
            return Code.SUCCESS
        counter = state_behind(view).burned
        burned = await counter.update(lambda value: value + burn.amount, EARLY, Kind.ADD)
        return Code.OVERFLOW if burned > U64_MAX else Code.SUCCESS


class PrematureBurned(Batched):
    """T05, burned: the burned counter is committed before it is known to fit its width."""

    name = "premature-burned"
    rules_class = _BurnedFirst
