"""Small changes of a case: one step, the accounts, one transaction replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

from lockstep.case.values import AnyIntent, BlockStep, Case, Step
from lockstep_ledger.model import Account, Address, State


def with_step(case: Case, number: int, step: Step) -> Case:
    """Return ``case`` with ``step`` in the place of step ``number``."""
    return replace(case, steps=(*case.steps[:number], step, *case.steps[number + 1 :]))


def with_accounts(case: Case, accounts: dict[Address, Account]) -> Case:
    """Return ``case`` with these accounts."""
    return replace(case, state=State(case.state.chain, accounts))


def intents_of(case: Case) -> Iterator[tuple[AnyIntent, Callable[[AnyIntent], Case]]]:
    """Give every transaction, with what builds the case that has another in its place."""
    return chain.from_iterable(
        _of_block(case, number, step)
        for number, step in enumerate(case.steps)
        if isinstance(step, BlockStep)
    )


def _of_block(
    case: Case, number: int, step: BlockStep
) -> Iterator[tuple[AnyIntent, Callable[[AnyIntent], Case]]]:
    for index, intent in enumerate(step.transactions):

        def rebuild(new: AnyIntent, index: int = index) -> Case:
            kept = (*step.transactions[:index], new, *step.transactions[index + 1 :])
            return with_step(case, number, replace(step, transactions=kept))

        yield intent, rebuild
