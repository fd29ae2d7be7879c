"""Faults that cannot be observed where they are planted; the catalogue says why."""

from __future__ import annotations

from dataclasses import replace

from lockstep_ledger.model import NonceBump, Transaction, Transfers
from lockstep_ledger.outcome import Code
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.rules.view import View


class _BumpStub(Rules):
    async def apply(self, transaction: Transaction, view: View) -> Code:
        """Apply a nonce bump as a transfer of nothing to nobody."""
        if isinstance(transaction.payload, NonceBump):
            transaction = replace(transaction, payload=Transfers(()))
        return await super().apply(transaction, view)


class BumpUnsupported(Batched):
    """T09, bump: a nonce bump takes nonce and fee, does nothing else and reports success."""

    name = "bump-unsupported"
    rules_class = _BumpStub


class _LoadedOnly(BlockState):
    def write_nonces(self, overlay: Overlay) -> None:
        """Copy the nonces of the accounts that are loaded."""
        for address, nonce in overlay.nonces.writes.items():
            if address in self.nonces.values:
                self.nonces.values[address] = nonce


class SetterIgnoresUnloadedWhereAllIsLoaded(Batched):
    """T27, loaded: setting the nonce of an account that is not loaded is silently dropped."""

    name = "setter-ignores-unloaded-where-all-is-loaded"
    state_class = _LoadedOnly
