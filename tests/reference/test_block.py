"""The block loop: policies, rewards before, fees after, the height, and what a failure leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep_ledger.block import Envelope, Rewards
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Account,
    Address,
    Burn,
    Chain,
    NonceBump,
    Policy,
    Transfers,
)
from lockstep_ledger.outcome import NO_CHANGES, Code, Outcome, Receipt, Rejection
from tests.reference.world import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    FEE,
    GOLD,
    MINER,
    RICH,
    account,
    run,
    send,
    to,
)

REJECTED = Outcome((), NO_CHANGES, rejection=Rejection(None, Code.OVERFLOW))
TWO_RICH = {ALICE: account(RICH, gold=10), BOB: account(RICH)}


def codes(outcome: Outcome) -> list[Code]:
    return [receipt.code for receipt in outcome.receipts]


# Policies.


def test_atomic_rejects_the_block_at_its_first_failure_and_goes_no_further() -> None:
    good, bad = send(ALICE, to(CAROL)), send(BOB, to(BOB))
    outcome = run(TWO_RICH, good, bad, send(ALICE, to(CAROL), 1), policy=Policy.ATOMIC)
    assert outcome == Outcome(
        receipts=(
            Receipt(0, good.hash, Code.SUCCESS, FEE),
            Receipt(1, bad.hash, Code.SELF_OPERATION, 0),
        ),
        changes=NO_CHANGES,
        rejection=Rejection(1, Code.SELF_OPERATION),
    )


def test_skip_gives_a_failure_its_receipt_and_commits_the_others() -> None:
    good, bad = send(ALICE, to(CAROL)), send(BOB, to(BOB))
    outcome = run(TWO_RICH, bad, good)
    assert outcome.receipts == (
        Receipt(0, bad.hash, Code.SELF_OPERATION, 0),
        Receipt(1, good.hash, Code.SUCCESS, FEE),
    )
    assert outcome.changes == run(TWO_RICH, good).changes
    assert outcome.rejection is None


@pytest.mark.parametrize("policy", Policy)
def test_an_empty_block_changes_the_height_only(policy: Policy) -> None:
    outcome = run(TWO_RICH, policy=policy)
    assert (outcome.receipts, outcome.rejection, outcome.changes.height) == ((), None, 1)
    assert run(TWO_RICH, policy=policy, advances_height=False).changes == NO_CHANGES


def test_without_a_failure_both_policies_give_the_same() -> None:
    block = (send(ALICE, to(CAROL)), send(BOB, to(CAROL)))
    assert run(TWO_RICH, *block) == run(TWO_RICH, *block, policy=Policy.ATOMIC)


# What a transaction sees of the ones before it.


def test_a_transaction_spends_what_the_block_gave_it_before() -> None:
    income, spending = send(ALICE, to(DAVE, FEE + 1)), send(DAVE, to(BOB, 1))
    assert codes(run(TWO_RICH, income, spending)) == [Code.SUCCESS, Code.SUCCESS]
    assert codes(run(TWO_RICH, spending, income)) == [Code.ACCOUNT_NOT_FOUND, Code.SUCCESS]


def test_nonces_count_up_inside_a_block_and_stand_still_at_a_failure() -> None:
    block = [send(ALICE, to(BOB), nonce) for nonce in (0, 1, 1, 3, 2)]
    assert codes(run(TWO_RICH, *block)) == [
        Code.SUCCESS,
        Code.SUCCESS,
        Code.NONCE_TOO_LOW,
        Code.NONCE_TOO_HIGH,
        Code.SUCCESS,
    ]


def test_the_burned_counter_is_cumulative_over_the_block() -> None:
    block = (send(ALICE, Burn(NATIVE, 4)), send(BOB, Burn(NATIVE, 4)))
    outcome = run(TWO_RICH, *block, chain=Chain(burned=U64_MAX - 7))
    assert codes(outcome) == [Code.SUCCESS, Code.OVERFLOW]
    assert outcome.changes.burned == 4


FAILURES: tuple[Envelope, ...] = (
    send(CAROL, to(BOB)),
    send(ALICE, to(BOB), 9),
    send(ALICE, to(BOB), fee=RICH + 1),
    send(ALICE, to(BOB), signer=BOB),
    send(ALICE, to(DAVE, 11, GOLD)),
    send(ALICE, Transfers((to(DAVE, 1), to(CAROL, 1), to(ALICE, 1))), fee=2 * FEE),
    send(ALICE, Transfers((to(DAVE, 1, GOLD), to(MINER, 1))), fee=2 * FEE),
    send(ALICE, Burn(NATIVE, 8)),
)
FULL_MINER = {**TWO_RICH, MINER: account(U64_MAX)}
NEARLY_BURNED = Chain(burned=U64_MAX - 7)


def successes(length: int) -> list[Envelope]:
    return [send(ALICE, to(BOB, 1, GOLD), nonce) for nonce in range(length)]


@given(st.lists(st.tuples(st.sampled_from(FAILURES), st.integers(0, 3))))
def test_failing_transactions_anywhere_leave_the_rest_of_the_block_as_it_was(
    inserted: list[tuple[Envelope, int]],
) -> None:
    block = successes(3)
    clean = run(FULL_MINER, *block, chain=NEARLY_BURNED)
    failing = {envelope.hash for envelope, _ in inserted}
    for envelope, place in inserted:
        block.insert(place, envelope)
    outcome = run(FULL_MINER, *block, chain=NEARLY_BURNED)
    assert {each.hash for each in outcome.receipts if each.code is not Code.SUCCESS} == failing
    assert (outcome.changes, outcome.fees) == (clean.changes, clean.fees)


# Rewards.


def rewards(dev: Address, dev_amount: int, miner: Address, miner_amount: int) -> Rewards:
    return Rewards(dev, dev_amount, miner, miner_amount)


def test_rewards_create_their_receivers_even_with_nothing() -> None:
    outcome = run({}, rewards=rewards(CAROL, 0, MINER, 7))
    assert outcome.changes.created == {CAROL, MINER}
    assert outcome.changes.modified_balances == {(MINER, NATIVE): 7}


def test_transactions_spend_the_rewards_of_their_block() -> None:
    outcome = run({}, send(MINER, to(BOB, 1)), rewards=rewards(CAROL, 0, MINER, FEE + 1))
    assert codes(outcome) == [Code.SUCCESS]
    assert outcome.changes.modified_balances == {(BOB, NATIVE): 1}


@pytest.mark.parametrize(
    ("dev", "dev_amount", "miner_amount", "fits"),
    [
        (MINER, 2, 3, True),
        (MINER, 3, 3, False),
        (CAROL, U64_MAX, 5, True),
        (CAROL, U64_MAX, 6, False),
        (MINER, 6, 0, False),
    ],
)
def test_rewards_that_overflow_reject_the_block_without_a_receipt(
    dev: Address, dev_amount: int, miner_amount: int, *, fits: bool
) -> None:
    accounts = {**TWO_RICH, MINER: account(U64_MAX - 5)}
    paid = rewards(dev, dev_amount, MINER, miner_amount)
    outcome = run(accounts, send(ALICE, to(BOB)), rewards=paid)
    assert (outcome == REJECTED) is not fits
    assert len(outcome.receipts) == fits


def test_an_atomic_block_that_fails_pays_no_rewards() -> None:
    paid = rewards(CAROL, 5, MINER, 5)
    outcome = run(TWO_RICH, send(BOB, to(BOB)), rewards=paid, policy=Policy.ATOMIC)
    assert outcome.changes == NO_CHANGES


# Fees.


def test_fees_vanish_unless_someone_receives_them() -> None:
    outcome = run(TWO_RICH, send(ALICE, NonceBump()))
    assert outcome.fees == FEE
    assert outcome.changes.modified_balances == {(ALICE, NATIVE): RICH - FEE}


def test_fees_of_successes_reach_their_receiver_in_one_sum() -> None:
    block = (send(ALICE, NonceBump()), send(BOB, to(BOB), fee=20_000), send(BOB, NonceBump()))
    outcome = run(TWO_RICH, *block, fees_to=MINER)
    assert outcome.fees == 2 * FEE
    assert outcome.changes.modified_balances[MINER, NATIVE] == 2 * FEE
    assert outcome.changes.created == {MINER}


def test_fees_come_too_late_to_be_spent_in_their_block() -> None:
    block = (send(ALICE, NonceBump()), send(MINER, NonceBump()))
    accounts = {ALICE: account(RICH), MINER: account(FEE - 1)}
    outcome = run(accounts, *block, fees_to=MINER)
    assert codes(outcome) == [Code.SUCCESS, Code.INSUFFICIENT_FEE]


def test_a_payer_who_receives_the_fees_has_all_back() -> None:
    outcome = run(TWO_RICH, send(ALICE, NonceBump()), fees_to=ALICE)
    assert outcome.changes.modified_balances == {}
    assert outcome.fees == FEE


@pytest.mark.parametrize(
    "block",
    [(), (send(BOB, to(BOB)),), (send(ALICE, NonceBump(), fee=0, fee_type=1),)],
    ids=["no transaction", "a failure", "paid by energy"],
)
def test_a_sum_of_no_fees_creates_nobody(block: tuple[Envelope, ...]) -> None:
    accounts = {ALICE: account(RICH, energy=1), BOB: account(RICH)}
    outcome = run(accounts, *block, fees_to=MINER)
    assert outcome.rejection is None
    assert outcome.changes.created == frozenset()


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(("stored", "fits"), [(U64_MAX - FEE, True), (U64_MAX - FEE + 1, False)])
def test_fees_that_overflow_their_receiver_reject_the_block(
    stored: int, policy: Policy, *, fits: bool
) -> None:
    accounts = {**TWO_RICH, MINER: account(stored)}
    outcome = run(accounts, send(ALICE, NonceBump()), policy=policy, fees_to=MINER)
    assert (outcome == REJECTED) is not fits


BILLIONAIRES: dict[Address, Account] = {ALICE: account(U64_MAX), BOB: account(U64_MAX)}
EXPENSIVE = (send(ALICE, NonceBump(), fee=U64_MAX), send(BOB, NonceBump(), fee=U64_MAX))


def test_fees_whose_sum_exceeds_u64_reject_the_block_only_if_someone_is_to_receive_them() -> None:
    assert run(BILLIONAIRES, *EXPENSIVE, fees_to=MINER) == REJECTED
    vanished = run(BILLIONAIRES, *EXPENSIVE)
    assert vanished.rejection is None
    assert vanished.fees == 2 * U64_MAX


# The height.


def test_the_height_goes_up_to_the_last_u64() -> None:
    assert run({}, chain=Chain(height=U64_MAX - 1)).changes.height == 1


@pytest.mark.parametrize("policy", Policy)
def test_a_height_past_u64_rejects_the_block_with_overflow(policy: Policy) -> None:
    last = Chain(height=U64_MAX)
    assert run(TWO_RICH, send(ALICE, to(BOB)), chain=last, policy=policy) == REJECTED


def test_at_the_last_height_a_lone_transaction_still_runs() -> None:
    outcome = run(
        TWO_RICH, send(ALICE, to(BOB)), chain=Chain(height=U64_MAX), advances_height=False
    )
    assert codes(outcome) == [Code.SUCCESS]
