"""Blocks large enough to overlap: many more transactions that can run side by side.

An executor with threads of its own is done with a small block before a second thread is awake.
Invariant: what is added succeeds whatever stands around it, and depends on the case and the stream
alone; without it the case is the one that was generated.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from random import Random

from lockstep.case.values import AnyIntent, BlockStep, Case, Intent
from lockstep_ledger.identities import HIGHEST_SEED, address_of
from lockstep_ledger.model import NATIVE, Account, Address, Transfer, Transfers

SHARE = 1 / 16
"""The share of cases that get such a block."""
FEWEST, MOST = 12, 24
LARGEST = 16
"""Transactions of a block that is not widened if it has more."""
OUTPUTS = 16
"""The most outputs of a transaction that is added: so that it takes its time."""
GROUPS = 6
"""Of so many groups each has a receiver whom all of it pay: in a group nothing overlaps rightly."""
RICH = 10**9


@lru_cache(maxsize=1)
def payers() -> tuple[Address, ...]:
    """Return the accounts that pay: no generated case knows them."""
    return tuple(address_of(f"k{seed}") for seed in range(HIGHEST_SEED - MOST, HIGHEST_SEED))


def widened(case: Case, random: Random) -> Case:
    """Return ``case``, for one of sixteen with one of its blocks made large enough to overlap."""
    able = [at for at, step in enumerate(case.steps) if _can_be_widened(step)]
    if random.random() >= SHARE or not able:
        return case
    at = random.choice(able)
    step = case.steps[at]
    assert isinstance(step, BlockStep)
    added = [_payment(number, random) for number in range(random.randint(FEWEST, MOST))]
    accounts = {each.source: Account(0, {NATIVE: RICH}) for each in added}
    block = replace(step, transactions=_mixed(step.transactions, added, random))
    state = replace(case.state, accounts={**case.state.accounts, **accounts})
    return replace(case, state=state, steps=(*case.steps[:at], block, *case.steps[at + 1 :]))


def _can_be_widened(step: object) -> bool:
    if not isinstance(step, BlockStep) or not step.parallel or step.fault is not None:
        return False
    return len(step.transactions) <= LARGEST


def _payment(number: int, random: Random) -> Intent:
    """Return a transfer to accounts of its own, and to the one that its group pays."""
    outputs = [_output(bytes((0xF0, number, at))) for at in range(random.randint(1, OUTPUTS))]
    place = random.randrange(len(outputs))
    outputs[place] = _output(bytes((0xF1, random.randrange(GROUPS))))
    fee = RICH // 2
    return Intent(f"w{number}", payers()[number], Transfers(tuple(outputs)), 0, fee)


def _output(name: bytes) -> Transfer:
    return Transfer(NATIVE, name.ljust(32, b"\0"), 1)


def _mixed(
    there: tuple[AnyIntent, ...], added: list[Intent], random: Random
) -> tuple[AnyIntent, ...]:
    """Return both, each in its order, mixed."""
    turns = [True] * len(there) + [False] * len(added)
    random.shuffle(turns)
    old, new = iter(there), iter(added)
    return tuple(next(old) if turn else next(new) for turn in turns)
