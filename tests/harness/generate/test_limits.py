"""Every limit of the rules is met from both sides, and the verdict turns where the rules say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.case.realise import realise
from lockstep.case.values import AnyIntent, BlockStep, Case, Intent, RawIntent
from lockstep.compare.post_state import post_state
from lockstep.generate.decode import decode
from lockstep.generate.limits.table import LIMITS
from lockstep.generate.mixture import draw_at
from lockstep.generate.slots import GOAL_AT, HEADER_LENGTH, SLOT_LENGTH, Draw, Shape
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Burn,
    FeeType,
    SetMultisig,
    State,
    Transfers,
)
from lockstep_ledger.outcome import Code, Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_parallel.executors.batched import Batched
from lockstep_reference import block as reference
from tests.harness.small import run_on

SUCCESS = Code.SUCCESS

TURNS: dict[str, tuple[Code, Code, Code]] = {
    "extra data": (SUCCESS, SUCCESS, Code.INVALID_PAYLOAD),
    "extra data together": (SUCCESS, SUCCESS, Code.INVALID_PAYLOAD),
    "most outputs": (SUCCESS, SUCCESS, Code.INVALID_FORMAT),
    "fewest outputs": (Code.INVALID_FORMAT, SUCCESS, SUCCESS),
    "size": (SUCCESS, SUCCESS, Code.INSUFFICIENT_FEE),
    "most participants": (SUCCESS, SUCCESS, Code.INVALID_PAYLOAD),
    "fewest participants": (Code.INVALID_FORMAT, SUCCESS, SUCCESS),
    "highest threshold": (SUCCESS, SUCCESS, Code.INVALID_PAYLOAD),
    "lowest threshold": (Code.INVALID_PAYLOAD, SUCCESS, SUCCESS),
    "few signers": (Code.INVALID_PAYLOAD, SUCCESS, Code.INVALID_PAYLOAD),
    "most signers": (Code.INVALID_PAYLOAD, SUCCESS, Code.INVALID_PAYLOAD),
    "signer id": (SUCCESS, SUCCESS, Code.INVALID_PAYLOAD),
    "last nonce": (SUCCESS, SUCCESS, Code.OVERFLOW),
    "expected nonce": (Code.NONCE_TOO_LOW, SUCCESS, Code.NONCE_TOO_HIGH),
    "last height": (SUCCESS, SUCCESS, Code.OVERFLOW),
    "least fee": (Code.INSUFFICIENT_FEE, SUCCESS, SUCCESS),
    "fee that can be paid": (SUCCESS, SUCCESS, Code.INSUFFICIENT_FEE),
    "energy": (SUCCESS, SUCCESS, Code.INSUFFICIENT_ENERGY),
    "all that is left": (SUCCESS, SUCCESS, Code.INSUFFICIENT_BALANCE),
    "room of a receiver": (SUCCESS, SUCCESS, Code.OVERFLOW),
    "sum of outputs": (SUCCESS, SUCCESS, Code.OVERFLOW),
    "least burned": (Code.INVALID_AMOUNT, SUCCESS, SUCCESS),
    "most burned": (SUCCESS, SUCCESS, Code.OVERFLOW),
    "burned and fee": (SUCCESS, SUCCESS, Code.INVALID_FORMAT),
    "reward": (SUCCESS, SUCCESS, Code.OVERFLOW),
    "room for fees": (SUCCESS, SUCCESS, Code.OVERFLOW),
    "length on the wire": (Code.INVALID_FORMAT, Code.INVALID_SIGNATURE, Code.INVALID_FORMAT),
    "version": (Code.INVALID_FORMAT, Code.INVALID_SIGNATURE, Code.INVALID_FORMAT),
    # 1 is ENERGY, which costs no fee; 2 can be read and is refused by a rule; 3 cannot be read.
    "fee type": (Code.INVALID_PAYLOAD, Code.INVALID_FORMAT, Code.INVALID_FORMAT),
    "outputs on the wire": (
        Code.INVALID_SIGNATURE,
        Code.INVALID_SIGNATURE,
        Code.INVALID_FORMAT,
    ),
    "type 5": (Code.NOT_IMPLEMENTED, Code.NOT_IMPLEMENTED, Code.INVALID_FORMAT),
    "type 7": (Code.INVALID_FORMAT, Code.NOT_IMPLEMENTED, Code.NOT_IMPLEMENTED),
    "type 38": (Code.NOT_IMPLEMENTED, Code.NOT_IMPLEMENTED, Code.INVALID_FORMAT),
    "type 44": (Code.INVALID_FORMAT, Code.NOT_IMPLEMENTED, Code.NOT_IMPLEMENTED),
    "type 47": (Code.NOT_IMPLEMENTED, Code.NOT_IMPLEMENTED, Code.INVALID_FORMAT),
}
"""What a transaction one below a limit, at it and one above it comes to, as the rules have it."""


@dataclass(frozen=True)
class Met:
    """A transaction, the block it is in, and the state just before it."""

    intent: AnyIntent
    step: BlockStep
    before: State
    state: State

    @property
    def payload(self) -> object:
        return self.intent.payload if isinstance(self.intent, Intent) else None

    @property
    def outputs(self) -> int:
        return len(self.payload.outputs) if isinstance(self.payload, Transfers) else -9

    @property
    def extra_data(self) -> list[int]:
        outputs = self.payload.outputs if isinstance(self.payload, Transfers) else ()
        return [len(each.extra_data or b"") for each in outputs]

    @property
    def participants(self) -> int:
        wanted = isinstance(self.payload, SetMultisig) and self.payload.threshold > 0
        return len(self.payload.participants) if wanted else -9  # type: ignore[attr-defined]

    @property
    def wire(self) -> bytes:
        return self.intent.wire if isinstance(self.intent, RawIntent) else b""

    @property
    def fee(self) -> int:
        assert isinstance(self.intent, Intent)
        return self.intent.fee

    def balance(self, asset: bytes = NATIVE) -> int:
        assert isinstance(self.intent, Intent)
        account = self.before.accounts.get(self.intent.source)
        return 0 if account is None else account.balance(asset)


def of_threshold(met: Met) -> int:
    """Return how far the co-signatures are from the threshold of a configured source."""
    assert isinstance(met.intent, Intent)
    account = met.before.accounts.get(met.intent.source)
    if account is None or account.multisig is None or met.intent.cosigners is None:
        return -9
    return len(met.intent.cosigners) - account.multisig.threshold


def threshold(met: Met) -> int:
    assert isinstance(met.intent, Intent)
    account = met.before.accounts.get(met.intent.source)
    config = None if account is None else account.multisig
    return 0 if config is None else config.threshold


def signer_id(met: Met) -> int:
    assert isinstance(met.intent, Intent)
    account = met.before.accounts.get(met.intent.source)
    config = None if account is None else account.multisig
    if config is None or not met.intent.cosigners:
        return -9
    return met.intent.cosigners[-1].signer_id - len(config.participants) + 1


def nonce(met: Met) -> int:
    assert isinstance(met.intent, Intent)
    return met.intent.nonce


def account_nonce(met: Met) -> int:
    assert isinstance(met.intent, Intent)
    account = met.before.accounts.get(met.intent.source)
    return -9 if account is None else account.nonce


def room(met: Met) -> int:
    """Return how far a single output is above the room that its receiver has."""
    assert isinstance(met.payload, Transfers)
    (output,) = met.payload.outputs
    account = met.before.accounts.get(output.destination)
    return output.amount + (0 if account is None else account.balance(output.asset)) - U64_MAX


def reward(met: Met) -> int:
    rewards = met.step.rewards
    if rewards is None:
        return -9
    account = met.state.accounts.get(rewards.dev)
    return (0 if account is None else account.balance(NATIVE)) + rewards.dev_amount - U64_MAX


def single(met: Met) -> bool:
    return met.outputs == 1


def burn_of(asset_is_native: bool) -> Callable[[Met], bool]:
    return lambda met: (
        isinstance(met.payload, Burn) and ((met.payload.asset == NATIVE) == asset_is_native)
    )


def is_intent(met: Met) -> bool:
    return isinstance(met.intent, Intent)


def by_coin(met: Met) -> bool:
    return isinstance(met.intent, Intent) and met.intent.fee_type == FeeType.TOS


def always(_met: Met) -> bool:
    return True


MEASURED: dict[str, tuple[Callable[[Met], bool], Callable[[Met], int]]] = {
    "extra data": (single, lambda met: met.extra_data[0] - 128),
    "extra data together": (is_intent, lambda met: sum(met.extra_data) - 4096),
    "most outputs": (always, lambda met: met.outputs - 500),
    "fewest outputs": (always, lambda met: met.outputs - 1),
    "most participants": (always, lambda met: met.participants - 255),
    "fewest participants": (always, lambda met: met.participants - 1),
    "few signers": (lambda met: is_intent(met) and threshold(met) == 2, of_threshold),
    "most signers": (lambda met: is_intent(met) and threshold(met) > 250, of_threshold),
    "signer id": (is_intent, signer_id),
    "last nonce": (
        lambda met: is_intent(met) and nonce(met) == account_nonce(met),
        lambda met: nonce(met) - (U64_MAX - 1),
    ),
    "expected nonce": (is_intent, lambda met: nonce(met) - account_nonce(met)),
    "last height": (always, lambda met: met.state.chain.height - (U64_MAX - 1)),
    "fee that can be paid": (by_coin, lambda met: met.fee - met.balance()),
    "all that is left": (
        lambda met: single(met) and by_coin(met),
        lambda met: sum(each.amount for each in met.payload.outputs) + met.fee - met.balance(),  # type: ignore[attr-defined]
    ),
    "room of a receiver": (single, room),
    "least burned": (burn_of(True), lambda met: met.payload.amount - 1),  # type: ignore[attr-defined]
    "most burned": (
        burn_of(True),
        lambda met: met.payload.amount + met.before.chain.burned - U64_MAX,  # type: ignore[attr-defined]
    ),
    "burned and fee": (
        burn_of(False),
        lambda met: met.payload.amount + met.fee - U64_MAX,  # type: ignore[attr-defined]
    ),
    "reward": (always, reward),
    "version": (lambda met: len(met.wire) > 100, lambda met: met.wire[0] - 1),
    "type 5": (lambda met: len(met.wire) > 100, lambda met: met.wire[34] - 5),
    "type 38": (lambda met: len(met.wire) > 100, lambda met: met.wire[34] - 38),
    "type 47": (lambda met: len(met.wire) > 100, lambda met: met.wire[34] - 47),
}
"""Of which transactions a limit is measured, and how: by nothing that the generator says."""

DRAWS = 24_000
"""Within so many cases of a seed every limit is met from both sides."""


def transactions_of(case: Case) -> Iterator[Met]:
    """Give every transaction of the first block with the state that it meets."""
    step = case.steps[0]
    assert isinstance(step, BlockStep)
    block = realise(step, case.scheme)
    for index, intent in enumerate(step.transactions):
        # Lone and rewarded, the transactions before it lead to what this one meets.
        earlier = Block(block.transactions[:index], block.policy, block.rewards, None, False)
        outcome = executed(earlier, case.state, case.scheme)
        if outcome.rejection is None:
            yield Met(intent, step, post_state(case.state, outcome.changes), case.state)
        else:
            yield Met(intent, step, case.state, case.state)


def executed(block: Block, state: State, scheme: str) -> Outcome:
    return reference.execute(block, MemoryStorage(state), SCHEMES[scheme])


@lru_cache
def met_by_the_mixture() -> dict[str, set[int]]:
    """Return how far beside each limit transactions of a campaign are."""
    found: dict[str, set[int]] = {name: set() for name in MEASURED}
    for number in range(DRAWS):
        draw = draw_at("limits", number)
        if draw.shape is Shape.LIMIT:
            for met in transactions_of(decode(draw)):
                for name, (applies, measure) in MEASURED.items():
                    if applies(met):
                        found[name].add(measure(met))
    return found


@pytest.mark.parametrize("name", MEASURED)
def test_a_campaign_meets_every_limit_from_both_sides(name: str) -> None:
    assert met_by_the_mixture()[name] >= {-1, 0, 1}


def test_a_small_share_of_the_cases_is_about_limits() -> None:
    shapes = [draw_at("shares", number).shape for number in range(2000)]
    assert 0.03 < shapes.count(Shape.LIMIT) / len(shapes) < 0.07


# One at a time.


def aimed_at(name: str, beside: int) -> Case:
    """Return the plainest case that is aimed at a limit."""
    number = [each.name for each in LIMITS].index(name)
    choice = -(-number * 256 // len(LIMITS))
    goal = bytes((choice, {0: 0, -1: 100, 1: 200}[beside], 0))
    header = bytes(GOAL_AT) + goal
    slots = (bytes(SLOT_LENGTH),)
    return decode(Draw(Shape.LIMIT, header + bytes(HEADER_LENGTH - len(header)), slots))


def test_every_limit_has_a_turn() -> None:
    assert [each.name for each in LIMITS] == list(TURNS)


@pytest.mark.parametrize("name", TURNS)
def test_the_verdict_turns_where_the_rules_say(name: str) -> None:
    codes = []
    for beside in (-1, 0, 1):
        case = aimed_at(name, beside)
        (step,) = case.steps
        assert isinstance(step, BlockStep)
        outcome = executed(realise(step, case.scheme), case.state, case.scheme)
        rejection = outcome.rejection
        codes.append(outcome.receipts[0].code if rejection is None else rejection.code)
    assert tuple(codes) == TURNS[name]


@pytest.mark.parametrize("name", TURNS)
def test_a_correct_executor_agrees_on_every_side(name: str) -> None:
    for beside in (-1, 0, 1):
        run = run_on(Batched, aimed_at(name, beside))
        assert run.verdict is Verdict.AGREE, run.differences


@given(st.binary(max_size=8), st.integers(1, 4), st.binary(min_size=2, max_size=2))
def test_any_goal_is_a_case_whatever_is_switched_off(
    goal: bytes, transactions: int, off: bytes
) -> None:
    header = off + bytes(GOAL_AT - len(off)) + goal
    case = decode(Draw(Shape.LIMIT, header, (bytes(SLOT_LENGTH),) * transactions))
    assert case.transactions() == transactions
    for step in case.steps:
        assert isinstance(step, BlockStep)
        realise(step, case.scheme)
