"""The passes: each offers simpler neighbours of a case, the boldest first.

Invariant: every candidate is a valid case that is smaller in what its pass is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, combinations
from typing import TypeAlias

from harness.case.values import AnyIntent, BlockStep, Case, Intent, RawIntent, RewindStep, Step
from harness.shrink.absorb import absorb_first
from harness.shrink.places import number_at, places, put
from ledger.model import NATIVE, Account, Address, FeeType, NonceBump, SetMultisig, State, Transfers

Pass: TypeAlias = Callable[[Case], Iterator[Case]]

NEAR = 40_000
"""Amounts this close to each other are taken to be tied: equal but for fees and off-by-ones."""

PAIR_HALVINGS = 12


def drop_steps(case: Case) -> Iterator[Case]:
    """Offer the case without one of its steps."""
    for index in range(len(case.steps)):
        yield replace(case, steps=case.steps[:index] + case.steps[index + 1 :])


def drop_transactions(case: Case) -> Iterator[Case]:
    """Offer each block without a run of its transactions, long runs first.

    A single one is also dropped with the later nonces of its source moved down to fill its place.
    """
    for number, step in enumerate(case.steps):
        if isinstance(step, RewindStep):
            continue
        intents = step.transactions
        length = len(intents)
        while length:
            for start in range(0, len(intents) - length + 1, length):
                kept = intents[:start] + intents[start + length :]
                yield _with_step(case, number, replace(step, transactions=kept))
                if length == 1 and isinstance(dropped := intents[start], Intent):
                    yield _without(case, dropped)
            length //= 2


def drop_outputs(case: Case) -> Iterator[Case]:
    """Offer every transfer without one of its outputs, and without its extra data."""
    for intent, rebuild in _intents(case):
        if isinstance(intent, Intent) and isinstance(intent.payload, Transfers):
            outputs = intent.payload.outputs
            for index, output in enumerate(outputs):
                fewer = outputs[:index] + outputs[index + 1 :]
                if fewer:
                    yield rebuild(replace(intent, payload=Transfers(fewer)))
                if output.extra_data is not None:
                    plain = replace(output, extra_data=None)
                    kept = (*outputs[:index], plain, *outputs[index + 1 :])
                    yield rebuild(replace(intent, payload=Transfers(kept)))


def drop_accounts(case: Case) -> Iterator[Case]:
    """Offer the state without an account, or with a plainer one."""
    for address, account in sorted(case.state.accounts.items()):
        others = {key: each for key, each in case.state.accounts.items() if key != address}
        yield _with_accounts(case, others)
        for plainer in _plainer(account):
            yield _with_accounts(case, {**case.state.accounts, address: plainer})


def drop_terms(case: Case) -> Iterator[Case]:
    """Offer blocks without rewards, without a receiver of fees, and rewinds by one block."""
    for number, step in enumerate(case.steps):
        if isinstance(step, RewindStep):
            if step.blocks > 1:
                yield _with_step(case, number, RewindStep(1))
            continue
        if step.rewards is not None:
            yield _with_step(case, number, replace(step, rewards=None))
        if step.fees_to is not None:
            yield _with_step(case, number, replace(step, fees_to=None))


def simplify_intents(case: Case) -> Iterator[Case]:
    """Offer transactions that are nonce bumps, that are valid, or that energy pays for."""
    for intent, rebuild in _intents(case):
        if not isinstance(intent, Intent):
            continue
        if intent.cosigners:
            yield rebuild(replace(intent, cosigners=None))
        if not intent.valid:
            yield rebuild(replace(intent, valid=True))
        if isinstance(intent.payload, SetMultisig):
            for plainer in _fewer_participants(intent.payload):
                yield rebuild(replace(intent, payload=plainer))
        if isinstance(intent.payload, Transfers | NonceBump) and intent.fee:
            source = case.state.accounts.get(intent.source)
            if source is not None:
                paid = rebuild(replace(intent, fee_type=FeeType.ENERGY, fee=0))
                for spared in (intent.fee, 0):
                    yield _with_accounts(
                        paid,
                        {**case.state.accounts, intent.source: _recharged(source, spared)},
                    )


def drop_configurations(case: Case) -> Iterator[Case]:
    """Offer an account without its configuration, its transactions without co-signatures."""
    for address, account in sorted(case.state.accounts.items()):
        if account.multisig is None:
            continue
        plain = replace(account, multisig=None)
        freed = _with_accounts(case, {**case.state.accounts, address: plain})
        steps = tuple(_unsigned_by_others(step, address) for step in case.steps)
        yield replace(freed, steps=steps)


def lower_nonces(case: Case) -> Iterator[Case]:
    """Offer an account starting at nonce 0, its transactions moved along."""
    for address, account in sorted(case.state.accounts.items()):
        if account.nonce == 0:
            continue
        moved = _with_accounts(case, {**case.state.accounts, address: replace(account, nonce=0)})
        steps = tuple(_moved_down(step, address, account.nonce) for step in case.steps)
        yield replace(moved, steps=steps)


def lower_numbers(case: Case) -> Iterator[Case]:
    """Offer every number at 0, at 1, and less by a half, a quarter, and so on down to one."""
    for path in places(case):
        number = number_at(case, path)
        steps = (number - (number >> shift) for shift in range(1, number.bit_length() + 1))
        for lower in dict.fromkeys((0, 1, *steps, number - 1)):
            if 0 <= lower < number:
                yield put(case, path, lower)


def lower_tied_numbers(case: Case) -> Iterator[Case]:
    """Offer numbers of about the same size lowered together, all of them and in pairs."""
    numbers = {path: number_at(case, path) for path in places(case)}
    for number in sorted(set(numbers.values()), reverse=True):
        group = [path for path, each in numbers.items() if abs(each - number) <= NEAR]
        lowest = min(numbers[path] for path in group)
        for delta in dict.fromkeys((lowest, lowest - 1, number // 2)):
            if len(group) > 1 and 0 < delta <= lowest:
                yield _lowered(case, [(path, numbers[path] - delta) for path in group])
    large = [path for path, number in numbers.items() if number > 1]
    for left, right in combinations(large, 2):
        most = min(numbers[left], numbers[right])
        for less in (most, most - 1, *(most >> shift for shift in range(1, PAIR_HALVINGS))):
            pair = [(left, numbers[left] - less), (right, numbers[right] - less)]
            if less > 0:
                yield _lowered(case, pair)


PASSES: tuple[Pass, ...] = (
    drop_steps,
    drop_transactions,
    absorb_first,
    drop_terms,
    drop_outputs,
    simplify_intents,
    drop_configurations,
    drop_accounts,
    lower_nonces,
    lower_numbers,
    lower_tied_numbers,
)


def _fewer_participants(payload: SetMultisig) -> Iterator[SetMultisig]:
    for count in range(1, len(payload.participants)):
        yield SetMultisig(min(payload.threshold, count), payload.participants[:count])
    if payload.threshold > 1:
        yield SetMultisig(1, payload.participants)


def _plainer(account: Account) -> Iterator[Account]:
    if account.multisig is not None:
        yield replace(account, multisig=None)
        if len(account.multisig.participants) > account.multisig.threshold:
            fewer = account.multisig.participants[: account.multisig.threshold]
            yield replace(account, multisig=replace(account.multisig, participants=fewer))
    for asset in sorted(account.balances):
        kept = {key: each for key, each in account.balances.items() if key != asset}
        yield replace(account, balances=kept)


def _recharged(account: Account, spared: int) -> Account:
    native = max(0, account.balance(NATIVE) - spared)
    balances = {**account.balances, NATIVE: native}
    return replace(account, energy=max(account.energy, 1), balances=balances)


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


def _lowered(case: Case, numbers: list[tuple[tuple[object, ...], int]]) -> Case:
    for path, number in numbers:
        case = put(case, path, number)
    return case


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
    return replace(intent, nonce=intent.nonce - 1) if intent.nonce > dropped.nonce else intent


def _with_step(case: Case, number: int, step: Step) -> Case:
    return replace(case, steps=(*case.steps[:number], step, *case.steps[number + 1 :]))


def _with_accounts(case: Case, accounts: dict[Address, Account]) -> Case:
    return replace(case, state=State(case.state.chain, accounts))


def _intents(case: Case) -> Iterator[tuple[AnyIntent, Callable[[AnyIntent], Case]]]:
    return chain.from_iterable(
        _intents_of(case, number, step)
        for number, step in enumerate(case.steps)
        if isinstance(step, BlockStep)
    )


def _intents_of(
    case: Case, number: int, step: BlockStep
) -> Iterator[tuple[AnyIntent, Callable[[AnyIntent], Case]]]:
    for index, intent in enumerate(step.transactions):

        def rebuild(new: AnyIntent, index: int = index) -> Case:
            kept = (*step.transactions[:index], new, *step.transactions[index + 1 :])
            return _with_step(case, number, replace(step, transactions=kept))

        yield intent, rebuild
