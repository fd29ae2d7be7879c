"""The references of transactions: the newest version, an older one, one before the last change.

Invariant: nothing but references is changed, and they depend on the case and the stream alone. What
a block changes is what its transactions name, whether they succeed or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final

from lockstep.case.values import AnyIntent, BlockStep, Case, Intent, RewindStep, Step
from lockstep_ledger.model import Address, Transfers

TIP: Final = "tip"
OLDER: Final = "older"
BEFORE_CHANGE: Final = "before_change"
REFERENCES = (TIP, OLDER, BEFORE_CHANGE)
"""The kinds of references: what a transaction's version is to the newest and to its account."""


def with_references(case: Case, kinds: Sequence[str], random: Random) -> Case:
    """Return ``case`` with a reference of one of ``kinds`` in every transaction that can have one.

    Where there is none of the kind that was drawn, it is the newest. Without kinds it is ``case``.
    """
    known = [kind for kind in REFERENCES if kind in kinds]
    if not known:
        return case
    touched: list[frozenset[Address]] = []
    steps: list[Step] = []
    for step in case.steps:
        if isinstance(step, RewindStep):
            del touched[-step.blocks :]
            steps.append(step)
            continue
        intents = tuple(_referring(each, touched, known, random) for each in step.transactions)
        touched.append(_parties(step))
        steps.append(replace(step, transactions=intents))
    return replace(case, steps=tuple(steps))


def names_older(case: Case) -> bool:
    """Tell whether a transaction of ``case`` names another version than the newest."""
    return any(
        isinstance(each, Intent) and bool(each.reference)
        for step in case.steps
        if isinstance(step, BlockStep)
        for each in step.transactions
    )


def _referring(
    intent: AnyIntent, touched: Sequence[frozenset[Address]], kinds: Sequence[str], random: Random
) -> AnyIntent:
    """Return ``intent`` with a reference, where ``touched`` are the accounts of each block."""
    if not isinstance(intent, Intent):
        return intent
    back = 0
    match random.choice(kinds):
        case "older" if touched:
            back = random.randint(1, len(touched))
        case "before_change":
            back = _since_change(intent.source, touched)
    return replace(intent, reference=back)


def _since_change(source: Address, touched: Sequence[frozenset[Address]]) -> int:
    """Return how far back the newest version is that ``source`` has changed since; 0 for none."""
    return next((at for at, each in enumerate(reversed(touched), start=1) if source in each), 0)


def _parties(step: BlockStep) -> frozenset[Address]:
    found = set() if step.fees_to is None else {step.fees_to}
    if step.rewards is not None:
        found |= {step.rewards.dev, step.rewards.miner}
    for intent in step.transactions:
        if isinstance(intent, Intent):
            found.add(intent.source)
            if isinstance(intent.payload, Transfers):
                found.update(each.destination for each in intent.payload.outputs)
    return frozenset(found)
