"""Cases near a given one: a few small edits, each of which may be the one that matters.

Invariant: the result is a valid case whose last block takes the parallel path, and it depends on
the cases and the random stream alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TypeAlias, assert_never

from lockstep.case.values import AnyIntent, BlockStep, Case, Intent, RewindStep, Step
from lockstep.generate.accounts import FEES, addresses
from lockstep.generate.estimate import Estimate
from lockstep.generate.forecast import move_on
from lockstep_ledger.block import Rewards
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Account,
    Address,
    Burn,
    NonceBump,
    Payload,
    Policy,
    SetMultisig,
    State,
    Transfers,
)

MOST_EDITS = 3
MOST_TRANSACTIONS = 24
ORDERED_SHARE = 0.7
"""How often the nonces are put in order after the edits."""

Edit: TypeAlias = Callable[[BlockStep, "Surroundings"], BlockStep]


class Surroundings:
    """What an edit of a block may draw on: the case, another one, and the random stream."""

    __slots__ = ("accounts", "donor", "random")

    def __init__(self, case: Case, donor: Case, random: Random) -> None:
        self.accounts = dict(case.state.accounts)
        self.donor = donor
        self.random = random

    def party(self) -> Address:
        """Pick an account of the case, rarely another one."""
        if not self.accounts or self.random.random() < 0.1:
            return self.random.choice(addresses())
        return self.random.choice(sorted(self.accounts))

    def place(self, step: BlockStep) -> int:
        """Pick a transaction of ``step``, which has one."""
        return self.random.randrange(len(step.transactions))


def mutate(case: Case, donor: Case, random: Random) -> Case:
    """Return a case near ``case``, perhaps with something taken from ``donor``."""
    around = Surroundings(case, donor, random)
    steps = list(case.steps)
    blocks = [place for place, step in enumerate(steps) if isinstance(step, BlockStep)]
    for _ in range(random.randint(1, MOST_EDITS) if blocks else 0):
        place = random.choice(blocks)
        step = steps[place]
        assert isinstance(step, BlockStep)
        edits = EDITS if step.transactions else EDITS_OF_EMPTY
        steps[place] = random.choice(edits)(step, around)
    if random.random() < 0.15:
        steps = _longer(steps, random)
    state = State(case.state.chain, around.accounts)
    return Case(state, _settled(steps, state, random), case.scheme, case.retries)


def _drop(step: BlockStep, around: Surroundings) -> BlockStep:
    place = around.place(step)
    return replace(step, transactions=step.transactions[:place] + step.transactions[place + 1 :])


def _repeat(step: BlockStep, around: Surroundings) -> BlockStep:
    return _inserted(step, step.transactions[around.place(step)], around)


def _swap(step: BlockStep, around: Surroundings) -> BlockStep:
    left, right = around.place(step), around.place(step)
    swapped = list(step.transactions)
    swapped[left], swapped[right] = swapped[right], swapped[left]
    return replace(step, transactions=tuple(swapped))


def _take_from_donor(step: BlockStep, around: Surroundings) -> BlockStep:
    offered = [
        intent
        for each in around.donor.steps
        if isinstance(each, BlockStep)
        for intent in each.transactions
    ]
    return _inserted(step, around.random.choice(offered), around) if offered else step


def _change_payload(step: BlockStep, around: Surroundings) -> BlockStep:
    return _edited(step, around, lambda it: replace(it, payload=_payload(it, around)))


def _change_source(step: BlockStep, around: Surroundings) -> BlockStep:
    return _edited(step, around, lambda it: replace(it, source=around.party()))


def _spoil(step: BlockStep, around: Surroundings) -> BlockStep:
    return _edited(step, around, lambda it: replace(it, valid=not it.valid))


def _change_balance(step: BlockStep, around: Surroundings) -> BlockStep:
    """Give a party as much as one transaction moves, or nearly; or as much as there can be."""
    address, amounts = around.party(), [0, FEES, U64_MAX, U64_MAX - FEES]
    intent = step.transactions[around.place(step)]
    if isinstance(intent, Intent):
        moved = intent.fee + _largest_amount(intent.payload)
        amounts += [moved, moved, moved + 1, moved - 1, U64_MAX - moved]
    amount = min(U64_MAX, max(0, around.random.choice(amounts)))
    account = around.accounts.get(address, Account())
    balances = {**account.balances, NATIVE: amount}
    around.accounts[address] = replace(account, balances=balances)
    return step


def _remove_account(step: BlockStep, around: Surroundings) -> BlockStep:
    if len(around.accounts) > 1:
        around.accounts.pop(around.party(), None)
    return step


def _change_terms(step: BlockStep, around: Surroundings) -> BlockStep:
    match around.random.randrange(4):
        case 0:
            other = Policy.SKIP if step.policy is Policy.ATOMIC else Policy.ATOMIC
            return replace(step, policy=other)
        case 1:
            rewards = Rewards(around.party(), 0, around.party(), FEES)
            return replace(step, rewards=None if step.rewards else rewards)
        case 2:
            return replace(step, fees_to=None if step.fees_to else around.party())
        case _:
            return replace(step, warm=not step.warm)


EDITS: tuple[Edit, ...] = (
    _drop,
    _repeat,
    _swap,
    _take_from_donor,
    _take_from_donor,
    _change_payload,
    _change_payload,
    _change_source,
    _spoil,
    _change_balance,
    _change_balance,
    _remove_account,
    _change_terms,
)
EDITS_OF_EMPTY: tuple[Edit, ...] = (_take_from_donor, _change_terms)


def _payload(intent: Intent, around: Surroundings) -> Payload:
    random = around.random
    match intent.payload:
        case Transfers(outputs) if outputs:
            place = random.randrange(len(outputs))
            old = outputs[place]
            if random.random() < 0.5:
                new = replace(old, destination=around.party())
            else:
                new = replace(old, amount=_near(old.amount, random))
            return Transfers((*outputs[:place], new, *outputs[place + 1 :]))
        case Burn(asset, amount):
            return Burn(asset, _near(amount, random))
        case Transfers() | SetMultisig() | NonceBump() as payload:
            return payload
        case unknown:
            assert_never(unknown)


def _near(amount: int, random: Random) -> int:
    offered = (amount - 1, amount + 1, amount // 2, 2 * amount, 0, U64_MAX, U64_MAX - amount)
    return min(U64_MAX, max(0, random.choice(offered)))


def _largest_amount(payload: Payload) -> int:
    match payload:
        case Transfers(outputs):
            return max((each.amount for each in outputs), default=0)
        case Burn(_, amount):
            return amount
        case SetMultisig() | NonceBump():
            return 0
        case unknown:
            assert_never(unknown)


def _inserted(step: BlockStep, intent: AnyIntent, around: Surroundings) -> BlockStep:
    place = around.random.randint(0, len(step.transactions))
    kept = step.transactions
    return replace(step, transactions=(*kept[:place], intent, *kept[place:]))


def _edited(step: BlockStep, around: Surroundings, edit: Callable[[Intent], Intent]) -> BlockStep:
    place = around.place(step)
    intent = step.transactions[place]
    if not isinstance(intent, Intent):
        return step
    kept = step.transactions
    return replace(step, transactions=(*kept[:place], edit(intent), *kept[place + 1 :]))


def _longer(steps: list[Step], random: Random) -> list[Step]:
    """Split a block in two, or take one back and apply it again."""
    place = random.randrange(len(steps)) if steps else 0
    step = steps[place] if steps else None
    if not isinstance(step, BlockStep):
        return steps
    if random.random() < 0.3:
        return [*steps[: place + 1], RewindStep(1), step, *steps[place + 1 :]]
    cut = random.randint(0, len(step.transactions))
    first = replace(step, transactions=step.transactions[:cut], parallel=random.random() < 0.7)
    rest = replace(step, transactions=step.transactions[cut:])
    return [*steps[:place], first, rest, *steps[place + 1 :]]


def _settled(steps: list[Step], state: State, random: Random) -> tuple[Step, ...]:
    """Give the transactions ids of their own, nonces in order, and the last block its path."""
    ordered = random.random() < ORDERED_SHARE
    forecasts = [Estimate(state)]
    last = max((n for n, step in enumerate(steps) if isinstance(step, BlockStep)), default=-1)
    settled: list[Step] = []
    count = 0
    for number, step in enumerate(steps):
        if isinstance(step, RewindStep):
            settled.append(step)
            del forecasts[-step.blocks :]
            continue
        estimate = forecasts[-1].copy()
        room = max(0, MOST_TRANSACTIONS - count)
        transactions = []
        for intent in step.transactions[:room]:
            if ordered and isinstance(intent, Intent):
                intent = replace(intent, nonce=estimate.nonce(intent.source))
                move_on(intent, estimate)
            transactions.append(replace(intent, id=f"t{count}"))
            count += 1
        forecasts.append(estimate)
        parallel = step.parallel or number == last
        settled.append(replace(step, transactions=tuple(transactions), parallel=parallel))
    return tuple(settled)
