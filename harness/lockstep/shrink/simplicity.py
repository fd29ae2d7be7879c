"""Passes that make what stays plainer: valid, paid by energy, at nonce 0, with fewer signers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from lockstep.case.values import Case, Intent, RewindStep, Step
from lockstep.shrink.edits import intents_of, with_accounts
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Address,
    Burn,
    FeeType,
    NonceBump,
    SetMultisig,
    Transfers,
)


def simplify_intents(case: Case) -> Iterator[Case]:
    """Offer transactions that are nonce bumps, valid, of no old reference, or paid by energy."""
    for intent, rebuild in intents_of(case):
        if not isinstance(intent, Intent):
            continue
        if intent.cosigners:
            yield rebuild(replace(intent, cosigners=None))
        if not intent.valid:
            yield rebuild(replace(intent, valid=True))
        for reference in _plainer_references(intent.reference):
            yield rebuild(replace(intent, reference=reference))
        match intent.payload:
            case SetMultisig() as change:
                for plainer in _fewer_participants(change):
                    yield rebuild(replace(intent, payload=plainer))
            case Transfers() | NonceBump():
                paid = rebuild(replace(intent, fee_type=FeeType.ENERGY, fee=0))
                yield from _with_energy(paid, intent)
            case Burn():
                pass
            case unknown:
                assert_never(unknown)


def lower_nonces(case: Case) -> Iterator[Case]:
    """Offer an account starting at nonce 0, its transactions moved along."""
    for address, account in sorted(case.state.accounts.items()):
        if account.nonce == 0:
            continue
        moved = with_accounts(case, {**case.state.accounts, address: replace(account, nonce=0)})
        steps = tuple(_moved_down(step, address, account.nonce) for step in case.steps)
        yield replace(moved, steps=steps)


def _plainer_references(reference: int | None) -> Iterator[int | None]:
    if reference is not None:
        yield from (None, *range(min(reference, 2)))


def _fewer_participants(payload: SetMultisig) -> Iterator[SetMultisig]:
    for count in range(1, len(payload.participants)):
        yield SetMultisig(min(payload.threshold, count), payload.participants[:count])
    if payload.threshold > 1:
        yield SetMultisig(1, payload.participants)


def _with_energy(paid: Case, before: Intent) -> Iterator[Case]:
    """Offer the source of a transaction one energy for its fee, with that fee less and without."""
    source = paid.state.accounts.get(before.source)
    if source is not None and before.fee:
        for spared in (before.fee, 0):
            accounts = {**paid.state.accounts, before.source: _recharged(source, spared)}
            yield with_accounts(paid, accounts)


def _recharged(account: Account, spared: int) -> Account:
    native = max(0, account.balance(NATIVE) - spared)
    balances = {**account.balances, NATIVE: native}
    return replace(account, energy=max(account.energy, 1), balances=balances)


def _moved_down(step: Step, source: Address, nonce: int) -> Step:
    if isinstance(step, RewindStep):
        return step
    moved = tuple(
        replace(each, nonce=max(0, each.nonce - nonce))
        if isinstance(each, Intent) and each.source == source
        else each
        for each in step.transactions
    )
    return replace(step, transactions=moved)
