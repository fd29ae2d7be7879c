"""Executors with two bugs, of which one shows in almost every block."""

from __future__ import annotations

from lockstep_ledger.model import Transaction
from lockstep_mutants.balances import CreditShadowMap, _CreditsFromZero
from lockstep_mutants.remembering import ExecutedCheckAfterMerge, _AppliesWhatItKnows
from lockstep_parallel.rules.view import View


class _NoDebitEither(_AppliesWhatItKnows):
    async def debit(self, transaction: Transaction, view: View) -> None:
        """Take nothing."""


class NeverDebitsAndRepeats(ExecutedCheckAfterMerge):
    """Never debits a sender, and executes again what an earlier block has executed."""

    rules_class = _NoDebitEither


class _NorCredits(_CreditsFromZero):
    async def debit(self, transaction: Transaction, view: View) -> None:
        """Take nothing."""


class NeverDebitsAndCreditsFromZero(CreditShadowMap):
    """Never debits a sender, and forgets what a receiver had: both show in the balances."""

    rules_class = _NorCredits
