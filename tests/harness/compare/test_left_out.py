"""What a comparison leaves out is left out, told, and nothing else goes with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lockstep.case.judging import EXACTLY, Codes, Judging, Part
from lockstep.compare.codes import CLASSES, alike, class_of
from lockstep.compare.left_out import still_different, without_left_out
from lockstep.compare.outcomes import compare_outcomes
from lockstep.run.ask import judge
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import NATIVE, Chain, Multisig, Policy, State
from lockstep_ledger.outcome import Changes, Code, Outcome, Receipt, Rejection
from tests.harness.small import ALICE, BOB
from tests.repository import REPOSITORY

RECEIPT = Receipt(0, bytes(32), Code.SUCCESS, 15_000)
FAILED = Receipt(0, bytes(32), Code.NONCE_TOO_LOW, 0)
RIGHT = Outcome((RECEIPT,), Changes())

WRONG: dict[Part, Outcome] = {
    Part.HASH: replace(RIGHT, receipts=(replace(RECEIPT, hash=bytes(31) + b"\1"),)),
    Part.GAS: replace(RIGHT, receipts=(replace(RECEIPT, gas_used=1),)),
    Part.REJECTION: replace(RIGHT, rejection=Rejection(0, Code.OVERFLOW)),
    Part.NONCES: replace(RIGHT, changes=Changes(modified_nonces={ALICE: 1})),
    Part.BALANCES: replace(RIGHT, changes=Changes(modified_balances={(ALICE, NATIVE): 1})),
    Part.MULTISIGS: replace(
        RIGHT, changes=Changes(modified_multisigs={ALICE: Multisig(1, (BOB,))})
    ),
    Part.ENERGIES: replace(RIGHT, changes=Changes(modified_energies={ALICE: 1})),
    Part.CREATED: replace(RIGHT, changes=Changes(created=frozenset({BOB}))),
    Part.BURNED: replace(RIGHT, changes=Changes(burned=1)),
    Part.HEIGHT: replace(RIGHT, changes=Changes(height=1)),
    Part.FEES: replace(RIGHT, fees=1),
}


def left(wrong: Outcome, **judging: Any) -> tuple[Difference, ...]:
    told, _ = without_left_out(RIGHT, wrong, Judging(**judging))
    return compare_outcomes(RIGHT, told)


def test_every_part_of_an_outcome_is_tried_here() -> None:
    assert list(WRONG) == list(Part)


@pytest.mark.parametrize("part", list(Part))
def test_a_part_is_left_out_and_told_and_no_other_part_goes_with_it(part: Part) -> None:
    assert left(WRONG[part]) != ()
    assert left(WRONG[part], ignored=(part,)) == ()
    assert without_left_out(RIGHT, WRONG[part], Judging(ignored=(part,)))[1] == (
        f"{part}, which differed",
    )
    others = tuple(each for each in Part if each is not part)
    assert left(WRONG[part], ignored=others) == left(WRONG[part])
    assert without_left_out(RIGHT, WRONG[part], Judging(ignored=others))[1] == ()


def test_nothing_is_told_of_what_did_not_differ() -> None:
    everything = Judging(codes=Codes.SUCCESS, ignored=tuple(Part))
    assert without_left_out(RIGHT, RIGHT, everything) == (RIGHT, ())


def test_every_code_has_one_class_and_success_is_alone_in_its_own() -> None:
    listed = [code for codes in CLASSES.values() for code in codes]
    assert sorted(listed) == sorted(Code)
    assert CLASSES[class_of(Code.SUCCESS)] == (Code.SUCCESS,)


def test_the_classes_of_the_documents_are_those_that_are_compared() -> None:
    text = (REPOSITORY / "docs" / "real-nodes.md").read_text()
    for name, codes in CLASSES.items():
        listed = ", ".join(f"`{code.name}`" for code in codes)
        assert f"| `{name}` | {listed} |" in text


@pytest.mark.parametrize("codes", list(Codes))
def test_a_success_is_never_like_a_failure(codes: Codes) -> None:
    failures = [code for code in Code if code is not Code.SUCCESS]
    assert not any(alike(Code.SUCCESS, code, codes) for code in failures)
    assert not any(alike(code, Code.SUCCESS, codes) for code in failures)
    assert all(alike(code, code, codes) for code in Code)


def test_codes_are_compared_one_by_one_by_class_or_by_success() -> None:
    same_class = (Code.NONCE_TOO_LOW, Code.NONCE_TOO_HIGH)
    other_class = (Code.NONCE_TOO_LOW, Code.OVERFLOW)
    for codes, first, second in (
        (Codes.EXACT, False, False),
        (Codes.CLASS, True, False),
        (Codes.SUCCESS, True, True),
    ):
        assert alike(*same_class, codes) is first
        assert alike(*other_class, codes) is second


@pytest.mark.parametrize("codes", [Codes.CLASS, Codes.SUCCESS])
def test_the_code_of_a_receipt_and_of_a_rejection_are_compared_alike(codes: Codes) -> None:
    expected = Outcome((FAILED,), Changes(), rejection=Rejection(0, FAILED.code))
    high = Code.NONCE_TOO_HIGH
    actual = Outcome((replace(FAILED, code=high),), Changes(), rejection=Rejection(0, high))
    assert compare_outcomes(expected, actual) != ()
    told, words = without_left_out(expected, actual, Judging(codes=codes))
    assert compare_outcomes(expected, told) == ()
    assert words == ("codes of failures, which differed",)
    moved = replace(actual, rejection=Rejection(1, high))
    told, _ = without_left_out(expected, moved, Judging(codes=codes))
    assert [each.field for each in compare_outcomes(expected, told)] == ["rejection"]


def test_what_is_of_the_wrong_type_or_width_is_left_as_it_is() -> None:
    everything = Judging(codes=Codes.SUCCESS, ignored=tuple(Part))
    for wrong in (replace(RIGHT, fees=True), replace(RIGHT, fees=-1)):
        assert without_left_out(RIGHT, wrong, everything) == (wrong, ())


def test_a_column_of_a_stored_state_goes_with_its_field() -> None:
    nonce = Difference("stored state", "alice nonce", "0", "1")
    burned = Difference("stored state", "chain burned", "0", "1")
    assert still_different((nonce, burned), EXACTLY) == (nonce, burned)
    assert still_different((nonce, burned), Judging(ignored=(Part.NONCES,))) == (burned,)
    assert still_different((nonce, burned), Judging(ignored=(Part.BURNED,))) == (nonce,)


@pytest.mark.parametrize(
    ("judging", "verdict"),
    [
        (EXACTLY, Verdict.INVARIANT),
        (Judging("sequential"), None),
        (Judging("sequential", invariants=True), Verdict.INVARIANT),
    ],
)
def test_what_the_rules_imply_is_asked_of_other_rules_only_on_demand(
    judging: Judging, verdict: Verdict | None
) -> None:
    before = State(Chain(), {})
    from_nothing = Outcome((), Changes(burned=5))
    block = Block((), Policy.SKIP)
    failure = judge(block, before, from_nothing, from_nothing, judging)
    assert (None if failure is None else failure.verdict) is verdict


def test_what_an_outcome_is_holds_of_every_oracle() -> None:
    before = State(Chain(), {})
    nobody = Outcome((), Changes(modified_nonces={ALICE: 1}))
    failure = judge(Block((), Policy.SKIP), before, nobody, nobody, Judging("sequential"))
    assert failure is not None
    assert failure.differences == (Difference("changed account", "alice", "an account", "none"),)
