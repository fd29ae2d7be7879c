"""Whose a difference is, and in which direction the executor is wrong.

Invariant: an answer is a word of a few, whatever the accounts and amounts are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import assert_never

from lockstep.case.names import UnknownNameError, address_named, asset_named
from lockstep.run.result import Run
from lockstep.verdict import ABSENT, Difference
from lockstep_ledger.block import Block
from lockstep_ledger.model import (
    Account,
    Address,
    Asset,
    Burn,
    NonceBump,
    SetMultisig,
    Transaction,
    Transfers,
)

_COUNTED: Mapping[str, Callable[[Account, Asset], int]] = {
    "modified_nonces": lambda account, _asset: account.nonce,
    "modified_balances": lambda account, asset: account.balance(asset),
    "modified_energies": lambda account, _asset: account.energy,
}
_NUMBER = re.compile(r"-?\d{1,40}")


def role_of(name: str, run: Run) -> str:
    """Return what the account of this ``name`` is to the last block of ``run``, the first fitting.

    A sender, a receiver, one that is rewarded, or a bystander.
    """
    try:
        address = address_named(name)
    except UnknownNameError:
        return "chain" if name == "chain" else "stranger"
    roles = _roles(run.blocks[-1].block) if run.blocks else ()
    return next((role for role, accounts in roles if address in accounts), "bystander")


def direction_of(difference: Difference, run: Run) -> str:
    """Say on which side the executor is wrong; what is absent from changes has its old value."""
    left, right = difference.expected, difference.actual
    before = _before(difference, run)
    expected, actual = _count(left, before), _count(right, before)
    if expected is not None and actual is not None and expected != actual:
        return "too much" if actual > expected else "too little"
    if left in (ABSENT, "None"):
        return "unwanted"
    return "missing" if right in (ABSENT, "None") else "wrong"


def _roles(block: Block) -> Iterator[tuple[str, set[Address]]]:
    contents = (each.content for each in block.transactions)
    done = [each for each in contents if isinstance(each, Transaction)]
    yield "sender", {each.source for each in done}
    yield "receiver", {address for each in done for address in _receivers(each)}
    paid = set() if block.fees_to is None else {block.fees_to}
    rewards = block.rewards
    yield "rewarded one", paid | (set() if rewards is None else {rewards.dev, rewards.miner})


def _receivers(transaction: Transaction) -> Iterator[Address]:
    match transaction.payload:
        case Transfers(outputs):
            yield from (each.destination for each in outputs)
        case Burn() | SetMultisig() | NonceBump():
            pass
        case unknown:
            assert_never(unknown)


def _before(difference: Difference, run: Run) -> int | None:
    """Return the value before the block of what a difference in the changes is about."""
    count = _COUNTED.get(difference.field)
    if count is None or not run.blocks:
        return None
    who, _, what = difference.where.partition(" ")
    try:
        account = run.blocks[-1].before.accounts.get(address_named(who), Account())
        return count(account, asset_named(what) if what else b"")
    except UnknownNameError:
        return None


def _count(text: str, before: int | None) -> int | None:
    if text == ABSENT:
        return before
    return int(text) if _NUMBER.fullmatch(text) else None
