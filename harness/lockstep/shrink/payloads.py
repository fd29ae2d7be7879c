"""Offers transactions that do something plainer: a bump of the nonce, or a transfer.

No pass of the usual shrinking, which keeps what a failure looks like: these candidates change it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from lockstep.case.values import Case, Intent
from lockstep.shrink.edits import intents_of, with_accounts
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Burn,
    FeeType,
    NonceBump,
    Payload,
    SetMultisig,
    Transfer,
    Transfers,
)

FEE = 15_000
"""What a bump or a transfer of one output costs."""
RECEIVERS = ("bob", "carol")


def plainer_payloads(case: Case) -> Iterator[Case]:
    """Offer every transaction as a bump of the nonce, then as a transfer, paid for in some way."""
    for intent, rebuild in intents_of(case):
        if isinstance(intent, Intent):
            for payload in _plainer(intent):
                for paid in _paid(replace(intent, payload=payload)):
                    yield _with_funds(rebuild(paid), intent, paid)


def _plainer(intent: Intent) -> Iterator[Payload]:
    match intent.payload:
        case NonceBump():
            return
        case Transfers():
            yield NonceBump()
        case SetMultisig():
            yield NonceBump()
            yield _transfer(intent, NATIVE, 0)
        case Burn(asset, amount):
            yield NonceBump()
            yield _transfer(intent, asset, 0)
            yield _transfer(intent, asset, amount)
        case unknown:
            assert_never(unknown)


def _transfer(intent: Intent, asset: bytes, amount: int) -> Transfers:
    others = (address_of(name) for name in RECEIVERS)
    receiver = next(each for each in others if each != intent.source)
    return Transfers((Transfer(asset, receiver, amount),))


def _paid(intent: Intent) -> Iterator[Intent]:
    yield intent
    yield replace(intent, fee_type=FeeType.ENERGY, fee=0)
    if intent.fee < FEE:
        yield replace(intent, fee_type=FeeType.TOS, fee=FEE)


def _with_funds(case: Case, before: Intent, paid: Intent) -> Case:
    """Give the source what the fee takes more than before."""
    source = case.state.accounts.get(paid.source)
    if source is None:
        return case
    more = max(0, paid.fee - before.fee)
    needs_energy = paid.fee_type == FeeType.ENERGY
    energy = max(source.energy, 1) if needs_energy else source.energy
    balances = source.balances
    if more:
        balances = {**balances, NATIVE: min(U64_MAX, source.balance(NATIVE) + more)}
    funded = replace(source, energy=energy, balances=balances)
    return with_accounts(case, {**case.state.accounts, paid.source: funded})
