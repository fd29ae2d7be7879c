"""Faults at the limits of numbers: what happens where a sum leaves its width."""

from __future__ import annotations

from lockstep_ledger.model import NATIVE, U64_MAX, Burn, Transfer
from lockstep_ledger.outcome import Code
from lockstep_mutants.shared import state_behind
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.rules import Rules
from lockstep_parallel.rules.view import View


class _Wrapping(Rules):
    async def credit(self, output: Transfer, view: View) -> Code:
        """Credit one receiver, dropping what does not fit."""
        balance = await view.balance(output.destination, output.asset) + output.amount
        view.set_balance(output.destination, output.asset, balance & U64_MAX)
        view.create(output.destination)
        return Code.SUCCESS


class CreditWraps(Batched):
    """T26a, wraps: a credit above the limit goes on from 0."""

    name = "credit-wraps"
    rules_class = _Wrapping


class _Saturating(Rules):
    async def credit(self, output: Transfer, view: View) -> Code:
        """Credit one receiver up to the limit."""
        balance = await view.balance(output.destination, output.asset) + output.amount
        view.set_balance(output.destination, output.asset, min(balance, U64_MAX))
        view.create(output.destination)
        return Code.SUCCESS


class CreditSaturates(Batched):
    """T26a, saturates: a credit above the limit stops there."""

    name = "credit-saturates"
    rules_class = _Saturating


class _CountsFromZero(Rules):
    async def apply_burn(self, burn: Burn, view: View) -> Code:
        """Hold what this block burned against the limit."""
        if burn.asset != NATIVE:
            return Code.SUCCESS
        earlier = state_behind(view).original_burned
        if await view.burned() - earlier + burn.amount > U64_MAX:
            return Code.OVERFLOW
        view.burn(burn.amount)
        return Code.SUCCESS


class BurnedPerBlock(Batched):
    """T26b: the limit of the burned counter is checked against each block alone."""

    name = "burned-per-block"
    rules_class = _CountsFromZero
