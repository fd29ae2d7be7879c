"""Faults of one kind of transaction: its effect, its merge or its authority is missing or wrong."""

from __future__ import annotations

from dataclasses import replace

from lockstep_ledger.model import (
    U64_MAX,
    Address,
    Burn,
    Multisig,
    NonceBump,
    SetMultisig,
    Transaction,
    Transfers,
)
from lockstep_ledger.outcome import Changes, Code
from lockstep_ledger.storage.protocol import Storage
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.rules.view import View


class MultisigNeverMerged(Batched):
    """T06: the merge leaves the multisig configurations out."""

    name = "multisig-set-never-merged"

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Write everything but the configurations."""
        storage.merge(replace(changes, modified_multisigs={}), topoheight)


class _TransfersStub(Rules):
    async def apply(self, transaction: Transaction, view: View) -> Code:
        """Apply a transfer as if it were a nonce bump."""
        if isinstance(transaction.payload, Transfers):
            transaction = replace(transaction, payload=NonceBump())
        return await super().apply(transaction, view)


class TransfersUnsupported(Batched):
    """T09, transfers: a transfer takes nonce and fee, moves nothing and reports success."""

    name = "transfers-unsupported"
    rules_class = _TransfersStub


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


class _CountsEveryAsset(Rules):
    async def apply_burn(self, burn: Burn, view: View) -> Code:
        """Count what is burned, whatever the asset."""
        if await view.burned() + burn.amount > U64_MAX:
            return Code.OVERFLOW
        view.burn(burn.amount)
        return Code.SUCCESS


class ForeignBurnCounted(Batched):
    """T29: burning an asset other than the native one adds to the burned counter."""

    name = "foreign-burn-counted"
    rules_class = _CountsEveryAsset


class _DeletesByForgetting(BlockState):
    def write_multisigs(self, overlay: Overlay) -> None:
        """Copy the configurations; of a deleted one nothing is kept, so the stored one shows."""
        for source, config in overlay.multisigs.writes.items():
            if config is not None:
                self.multisigs.values[source] = config
            elif source in self.multisigs.values:
                del self.multisigs.values[source]


class DeleteShinesThrough(Batched):
    """X23: deleting a configuration removes the block's entry, and the stored one counts again."""

    name = "delete-shines-through"
    state_class = _DeletesByForgetting
