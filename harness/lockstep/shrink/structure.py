"""Passes that leave things out: steps, transactions, outputs, accounts, terms.

Invariant: every candidate has fewer things than the case it is offered for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from lockstep.case.values import AnyIntent, BlockStep, Case, Intent, RawIntent, RewindStep, Step
from lockstep.shrink.edits import intents_of, with_accounts, with_step
from lockstep_ledger.model import (
    Account,
    Address,
    Burn,
    NonceBump,
    Policy,
    SetMultisig,
    Transfer,
    Transfers,
)


def drop_steps(case: Case) -> Iterator[Case]:
    """Offer the case without one of its steps."""
    for index in range(len(case.steps)):
        yield replace(case, steps=case.steps[:index] + case.steps[index + 1 :])


def drop_transactions(case: Case) -> Iterator[Case]:
    """Offer each block without a run of its transactions, long runs first.

    A single one is also dropped with the later nonces of its source moved down to fill its place,
    and without co-signatures if it set who gives them.
    """
    for number, step in enumerate(case.steps):
        if isinstance(step, RewindStep):
            continue
        intents = step.transactions
        length = len(intents)
        while length:
            for start in range(0, len(intents) - length + 1, length):
                kept = intents[:start] + intents[start + length :]
                yield with_step(case, number, replace(step, transactions=kept))
                if length == 1 and isinstance(dropped := intents[start], Intent):
                    yield _without(case, dropped)
            length //= 2


def exchange_neighbours(case: Case) -> Iterator[Case]:
    """Offer the last block with two transactions that follow on each other exchanged.

    No pass of its own: such a case is no simpler, only its schedule can be.
    """
    for number, step in list(enumerate(case.steps))[-1:]:
        if isinstance(step, BlockStep):
            intents = step.transactions
            for index in range(len(intents) - 1):
                pair = intents[index + 1], intents[index]
                exchanged = (*intents[:index], *pair, *intents[index + 2 :])
                yield with_step(case, number, replace(step, transactions=exchanged))


def drop_outputs(case: Case) -> Iterator[Case]:
    """Offer every transfer without one of its outputs, and without its extra data."""
    for intent, rebuild in intents_of(case):
        if isinstance(intent, RawIntent):
            continue
        match intent.payload:
            case Transfers(outputs):
                for plainer in _plainer_outputs(outputs):
                    yield rebuild(replace(intent, payload=Transfers(plainer)))
            case Burn() | SetMultisig() | NonceBump():
                pass
            case unknown:
                assert_never(unknown)


def drop_accounts(case: Case) -> Iterator[Case]:
    """Offer the state without an account, or with a plainer one."""
    for address, account in sorted(case.state.accounts.items()):
        others = {key: each for key, each in case.state.accounts.items() if key != address}
        yield with_accounts(case, others)
        for plainer in _plainer(account):
            yield with_accounts(case, {**case.state.accounts, address: plainer})


def drop_terms(case: Case) -> Iterator[Case]:
    """Offer plainer blocks, and rewinds by one block."""
    for number, step in enumerate(case.steps):
        if isinstance(step, RewindStep):
            if step.blocks > 1:
                yield with_step(case, number, RewindStep(1))
            continue
        if step.fault is not None:
            yield with_step(case, number, replace(step, fault=None))
        if step.rewards is not None:
            yield with_step(case, number, replace(step, rewards=None))
        if step.fees_to is not None:
            yield with_step(case, number, replace(step, fees_to=None))
        if step.policy is Policy.ATOMIC:
            yield with_step(case, number, replace(step, policy=Policy.SKIP))
        if not step.advances_height:
            yield with_step(case, number, replace(step, advances_height=True))
        if step.warm:
            yield with_step(case, number, replace(step, warm=False))
        if step.dry_runs:
            yield with_step(case, number, replace(step, dry_runs=step.dry_runs - 1))
        if not step.parallel:
            yield with_step(case, number, replace(step, parallel=True))


def drop_retries(case: Case) -> Iterator[Case]:
    """Offer the retries that are the executor's own, then none at all."""
    if case.retries is not None:
        yield replace(case, retries=None)
        if case.retries:
            yield replace(case, retries=0)


def drop_configurations(case: Case) -> Iterator[Case]:
    """Offer an account without its configuration, its transactions without co-signatures."""
    for address, account in sorted(case.state.accounts.items()):
        if account.multisig is None:
            continue
        plain = replace(account, multisig=None)
        freed = with_accounts(case, {**case.state.accounts, address: plain})
        steps = tuple(_unsigned_by_others(step, address) for step in case.steps)
        yield replace(freed, steps=steps)


def _plainer_outputs(outputs: tuple[Transfer, ...]) -> Iterator[tuple[Transfer, ...]]:
    for index, output in enumerate(outputs):
        fewer = outputs[:index] + outputs[index + 1 :]
        if fewer:
            yield fewer
        if output.extra_data is not None:
            yield (*outputs[:index], replace(output, extra_data=None), *outputs[index + 1 :])


def _plainer(account: Account) -> Iterator[Account]:
    if account.multisig is not None:
        yield replace(account, multisig=None)
        if len(account.multisig.participants) > account.multisig.threshold:
            fewer = account.multisig.participants[: account.multisig.threshold]
            yield replace(account, multisig=replace(account.multisig, participants=fewer))
    for asset in sorted(account.balances):
        kept = {key: each for key, each in account.balances.items() if key != asset}
        yield replace(account, balances=kept)


def _unsigned_by_others(step: Step, source: Address) -> Step:
    if isinstance(step, RewindStep):
        return step
    freed = tuple(
        replace(each, cosigners=None)
        if isinstance(each, Intent) and each.source == source
        else each
        for each in step.transactions
    )
    return replace(step, transactions=freed)


def _without(case: Case, dropped: Intent) -> Case:
    steps = []
    for step in case.steps:
        if isinstance(step, BlockStep):
            kept = (_closed_up(each, dropped) for each in step.transactions if each != dropped)
            step = replace(step, transactions=tuple(kept))
        steps.append(step)
    return replace(case, steps=tuple(steps))


def _closed_up(intent: AnyIntent, dropped: Intent) -> AnyIntent:
    if isinstance(intent, RawIntent) or intent.source != dropped.source:
        return intent
    if intent.nonce <= dropped.nonce:
        return intent
    unset = isinstance(dropped.payload, SetMultisig)
    return replace(intent, nonce=intent.nonce - 1, cosigners=None if unset else intent.cosigners)
