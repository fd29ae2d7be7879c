"""What never was is built upon: after failures and after blocks that were taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case, Intent, MergeFails, RewindStep
from lockstep.generate.accounts import Ghosts, decode_terms
from lockstep.generate.course import Course
from lockstep.generate.decode import decode
from lockstep.generate.estimate import Estimate
from lockstep.generate.forecast import move_on
from lockstep.generate.mixture import case_at, draw_at
from lockstep.generate.slots import HEADER_LENGTH, Draw, Shape
from lockstep.generate.strategies import draws
from lockstep_ledger.model import NATIVE, Account, Chain, SetMultisig, State, Transfer, Transfers
from lockstep_ledger.outcome import Code
from tests.harness.generate.test_generate import blocks, outcomes
from tests.harness.small import ALICE, BOB, CAROL, pays

CASES = 1500
SEEDS = ("one", "two", "three")


def with_ghosts(seed: str, ghosts: bool = True) -> Iterator[Case]:
    """Give the cases of a campaign that believe in something that never was, or the others."""
    for number in range(CASES):
        draw = draw_at(seed, number)
        if ghosts == (decode_terms(draw.header, draw.shape).ghosts != Ghosts()):
            yield decode(draw)


def test_a_share_of_the_cases_believes_in_what_never_was() -> None:
    share = sum(1 for _ in with_ghosts("one")) / CASES
    assert 0.15 < share < 0.25


def believed(intent: Intent, ghost: bool) -> Estimate:
    estimate = Estimate(State(Chain(), {ALICE: Account(3, {NATIVE: 20_000}), BOB: Account()}))
    move_on(intent, estimate, ghost)
    return estimate


def test_a_failure_that_is_believed_moves_everything_that_its_success_would_have() -> None:
    output = Transfer(NATIVE, CAROL, 30_000)
    failing = replace(pays("t0", 3), payload=Transfers((output,)))
    without, with_ghost = (believed(failing, ghost) for ghost in (False, True))
    assert (without.nonce(ALICE), without.exists(CAROL), without.doubts) == (3, False, 1)
    assert (with_ghost.nonce(ALICE), with_ghost.balance(CAROL, NATIVE)) == (4, 30_000)
    assert (with_ghost.balance(ALICE, NATIVE), with_ghost.doubts) == (0, 1)
    setting = replace(failing, payload=SetMultisig(1, (BOB,)), valid=False)
    assert believed(setting, ghost=False).config(ALICE) is None
    assert believed(setting, ghost=True).config(ALICE) is not None


def test_what_succeeds_is_believed_once_either_way() -> None:
    paying = pays("t0", 3)
    without, with_ghost = (believed(paying, ghost) for ghost in (False, True))
    assert without.nonces == with_ghost.nonces
    assert without.balances == with_ghost.balances
    assert with_ghost.doubts == 0


@given(draws())
def test_a_case_with_ghosts_can_be_signed_like_any_other(draw: Draw) -> None:
    """All bits of the header from there on are set, which lets it believe in everything."""
    haunting = draw.header[:2] + bytes([255]) * (HEADER_LENGTH - 2)
    assert decode_terms(haunting, draw.shape).ghosts == Ghosts(failures=True, blocks=True)
    for step in blocks(decode(replace(draw, header=haunting))):
        realise(step, "keyed-hash")


@pytest.mark.parametrize("seed", SEEDS)
def test_what_follows_a_failure_often_needs_its_effects(seed: str) -> None:
    cases = list(with_ghosts(seed))
    plain = islice(with_ghosts(seed, ghosts=False), len(cases))
    haunted = sum(map(needs_a_failure, cases))
    assert haunted > 2 * sum(map(needs_a_failure, plain))
    assert haunted >= 15


def needs_a_failure(case: Case) -> bool:
    """Tell whether a transaction goes on from the nonce that a failed one would have left."""
    for step, outcome in zip(blocks(case), outcomes(case), strict=True):
        expecting: dict[bytes, int] = {}
        for intent, receipt in zip(step.transactions, outcome.receipts, strict=False):
            if not isinstance(intent, Intent):
                continue
            if expecting.get(intent.source) == intent.nonce and receipt.code in (
                Code.NONCE_TOO_HIGH,
                Code.ACCOUNT_NOT_FOUND,
            ):
                return True
            failed = receipt.code not in (Code.SUCCESS, Code.NONCE_TOO_LOW, Code.NONCE_TOO_HIGH)
            if failed:
                expecting[intent.source] = intent.nonce + 1
    return False


def test_what_follows_a_block_that_was_taken_back_goes_on_from_it() -> None:
    """Its nonces follow on those of the block, which the chain has forgotten."""
    cases = [case for seed in SEEDS for case in with_ghosts(seed)]
    plain = [case for seed in SEEDS for case in with_ghosts(seed, ghosts=False)]
    haunted = sum(map(goes_on_from_what_is_gone, cases))
    assert haunted >= 10
    assert haunted / len(cases) > 2 * sum(map(goes_on_from_what_is_gone, plain)) / len(plain)


def goes_on_from_what_is_gone(case: Case) -> bool:
    for place, step in enumerate(case.steps[1:-1], 1):
        gone, after = case.steps[place - 1], case.steps[place + 1]
        if isinstance(step, RewindStep) and isinstance(gone, BlockStep):
            assert isinstance(after, BlockStep)
            left = {
                (each.source, each.nonce + 1)
                for each in gone.transactions
                if isinstance(each, Intent)
            }
            goes_on = any(
                isinstance(each, Intent) and (each.source, each.nonce) in left
                for each in after.transactions[:2]
            )
            again = {each.nonce for each in gone.transactions if isinstance(each, Intent)}
            firsts = [each for each in after.transactions[:1] if isinstance(each, Intent)]
            if goes_on and firsts and firsts[0].nonce not in again:
                return True
    return False


# Once more.


def test_transactions_of_earlier_blocks_come_again_byte_for_byte() -> None:
    """Those that had succeeded and cannot any more, and those that had failed and now succeed."""
    found = set()
    for case in (case_at(seed, number) for seed in SEEDS for number in range(CASES)):
        if any(isinstance(step, RewindStep) for step in case.steps):
            continue
        before: dict[bytes, Code] = {}
        for step, outcome in zip(blocks(case), outcomes(case), strict=True):
            envelopes = realise(step, case.scheme).transactions
            codes = [receipt.code for receipt in outcome.receipts]
            for envelope, code in zip(envelopes, codes, strict=False):
                earlier = before.get(envelope.wire)
                if earlier is not None:
                    found.add((earlier is Code.SUCCESS, code is Code.SUCCESS))
            if outcome.rejection is None:
                before |= {
                    envelope.wire: code for envelope, code in zip(envelopes, codes, strict=False)
                }
    assert found >= {(True, False), (False, False), (False, True)}


def test_the_block_after_a_merge_that_fails_goes_on_from_before_it() -> None:
    """Its transactions succeed in most cases, as they would if the block had never been."""
    succeeding = following = 0
    for number in range(6 * CASES):
        draw = draw_at("failing merges", number)
        course: Course = decode_terms(draw.header, draw.shape).course
        if draw.shape is not Shape.FAULT or not isinstance(course.fault, MergeFails):
            continue
        case = decode(draw)
        kept = tuple(
            step
            for step in case.steps
            if isinstance(step, BlockStep) and not isinstance(step.fault, MergeFails)
        )
        receipts = [
            receipt
            for outcome in outcomes(replace(case, steps=kept))
            for receipt in outcome.receipts
        ]
        following += len(receipts)
        succeeding += sum(receipt.code is Code.SUCCESS for receipt in receipts)
    assert following > 50
    assert succeeding > following / 2
