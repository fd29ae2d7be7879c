"""Faults of one kind of transaction: its effect, its merge or its authority is missing.

T09 has no variant for the nonce bump, whose whole effect is the nonce: its stub is no fault.
"""

from __future__ import annotations

from dataclasses import replace

from ledger.model import Address, Burn, Multisig, NonceBump, SetMultisig, Transaction
from ledger.outcome import Changes, Code
from ledger.storage.protocol import Storage
from parallel.batched import Batched
from parallel.rules import Rules
from parallel.view import View


class MultisigNeverMerged(Batched):
    """T06: the merge leaves the multisig configurations out."""

    name = "multisig-set-never-merged"

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write everything but the configurations."""
        storage.merge(replace(changes, modified_multisigs={}), topoheight)


class _BurnStub(Rules):
    async def apply(self, transaction: Transaction, view: View) -> Code:
        """Apply a burn as if it were a nonce bump."""
        if isinstance(transaction.payload, Burn):
            transaction = replace(transaction, payload=NonceBump())
        return await super().apply(transaction, view)


class BurnUnsupported(Batched):
    """T09, burn: a burn takes nonce and fee, burns nothing and reports success."""

    name = "burn-unsupported"
    rules_class = _BurnStub


class _MultisigStub(Rules):
    async def apply(self, transaction: Transaction, view: View) -> Code:
        """Apply a multisig transaction as if it were a nonce bump."""
        if isinstance(transaction.payload, SetMultisig):
            transaction = replace(transaction, payload=NonceBump())
        return await super().apply(transaction, view)


class MultisigUnsupported(Batched):
    """T09, multisig: setting a configuration takes nonce and fee, sets nothing and succeeds."""

    name = "multisig-unsupported"
    rules_class = _MultisigStub


class _NoConfiguration(Rules):
    async def current_multisig(self, source: Address, view: View) -> Multisig | None:  # noqa: ARG002 - looks nothing up
        """Find no configuration, whatever the account has."""
        return None


class MultisigNotEnforced(Batched):
    """T10: looking up the configuration of a source always gives none."""

    name = "multisig-not-enforced"
    rules_class = _NoConfiguration
