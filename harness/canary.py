"""The canary: an executor with the bug this project began with, which every campaign must catch.

It credits receivers and never debits the sender.
"""

from __future__ import annotations

from ledger.model import Transaction
from parallel.batched import Batched
from parallel.rules import Rules
from parallel.view import View


class _NeverDebits(Rules):
    async def debit(self, transaction: Transaction, view: View) -> None:
        """Take nothing from anyone."""


class Canary(Batched):
    """The batched executor without its debit."""

    name = "canary"
    rules_class = _NeverDebits
