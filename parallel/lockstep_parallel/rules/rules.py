"""The rules of one transaction: the checks, then the effects, with R11 while applying.

Invariant: everything goes through the transaction's view. A result other than success leaves staged
writes in the view at most; the executor drops that view, so a failure has no effect at all.
"""

from __future__ import annotations

from typing import assert_never

from lockstep_ledger.block import Envelope
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Burn,
    FeeType,
    Multisig,
    NonceBump,
    SetMultisig,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import Code
from lockstep_parallel.rules.checks import Checks
from lockstep_parallel.rules.view import View


class Rules(Checks):
    """What an executor asks: judge a transaction and stage what it does."""

    async def execute(self, envelope: Envelope, view: View) -> Code:
        """Check the transaction and, if it may run, stage its effects in ``view``."""
        transaction = envelope.content
        code = self.check_format(transaction)
        if code or not isinstance(transaction, Transaction):
            return code
        return await self.check(envelope, transaction, view) or await self.apply(transaction, view)

    async def apply(self, transaction: Transaction, view: View) -> Code:
        """Stage all effects; a failure (R11) tells the executor to drop the view."""
        self.advance_nonce(transaction, view)
        await self.debit(transaction, view)
        await self.spend_energy(transaction, view)
        match transaction.payload:
            case Transfers() as transfers:
                return await self.apply_transfers(transfers, view)
            case Burn() as burn:
                return await self.apply_burn(burn, view)
            case SetMultisig() as change:
                return await self.apply_multisig(transaction, change, view)
            case NonceBump():
                return await self.apply_nonce_bump(transaction, view)
            case unknown:
                assert_never(unknown)

    def advance_nonce(self, transaction: Transaction, view: View) -> None:
        """Stage the successor of the transaction's nonce."""
        view.set_nonce(transaction.source, transaction.nonce + 1)

    async def debit(self, transaction: Transaction, view: View) -> None:
        """Take the per-asset sums, fee included, from the source."""
        source = transaction.source
        for asset, amount in self.spending(transaction).items():
            balance = await self.spendable(source, asset, view)
            view.set_balance(source, asset, self.remaining(balance, amount))

    async def spend_energy(self, transaction: Transaction, view: View) -> None:
        """Take one unit of energy if that is how the transaction pays."""
        if transaction.fee_type == FeeType.ENERGY:
            energy = await view.energy(transaction.source)
            view.set_energy(transaction.source, energy - 1)

    async def apply_transfers(self, transfers: Transfers, view: View) -> Code:
        """Credit the outputs in order, up to the first that overflows."""
        for output in transfers.outputs:
            if code := await self.credit(output, view):
                return code
        return Code.SUCCESS

    async def credit(self, output: Transfer, view: View) -> Code:
        """R11, transfers: credit one receiver, who exists from then on."""
        balance = await view.balance(output.destination, output.asset) + output.amount
        if balance > U64_MAX:
            return Code.OVERFLOW
        view.set_balance(output.destination, output.asset, balance)
        view.create(output.destination)
        return Code.SUCCESS

    async def apply_burn(self, burn: Burn, view: View) -> Code:
        """R11, burn: count what is burned of the native asset; other assets are only debited."""
        if burn.asset != NATIVE:
            return Code.SUCCESS
        if await view.burned() + burn.amount > U64_MAX:
            return Code.OVERFLOW
        view.burn(burn.amount)
        return Code.SUCCESS

    async def apply_multisig(
        self, transaction: Transaction, change: SetMultisig, view: View
    ) -> Code:
        """Set the configuration as given, or delete it."""
        config = Multisig(change.threshold, change.participants) if change.threshold else None
        view.set_multisig(transaction.source, config)
        return Code.SUCCESS

    async def apply_nonce_bump(self, _transaction: Transaction, _view: View) -> Code:
        """Do nothing: nonce and fee are staged for every kind."""
        return Code.SUCCESS
