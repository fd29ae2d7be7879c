"""The canaries: executors with a planted fault that every campaign must catch.

The one has the bug this project began with: it credits receivers and never debits the sender. The
other is right in the sequential order and wrong in others, so only schedules show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockstep_ledger.model import Transaction
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.access import AccessList
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.view import View


class _NeverDebits(Rules):
    async def debit(self, transaction: Transaction, view: View) -> None:
        """Take nothing from anyone."""


class Canary(Batched):
    """The batched executor without its debit."""

    name = "canary"
    rules_class = _NeverDebits


class RaceCanary(Batched):
    """The batched executor without its batches: every transaction runs beside every other."""

    name = "race-canary"

    def batches(self, accesses: Sequence[AccessList]) -> Iterator[range]:
        """Take the whole block for free of conflicts."""
        if accesses:
            yield range(len(accesses))
