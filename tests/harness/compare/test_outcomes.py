"""The comparison: any one field that is altered is one difference that names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

import pytest

from lockstep.compare.outcomes import compare_outcomes, well_typed
from lockstep.compare.states import compare_states
from lockstep.verdict import ABSENT
from lockstep_ledger.model import NATIVE, U64_MAX, Account, Chain, Multisig, State
from lockstep_ledger.outcome import Changes, Code, Fault, Outcome, Receipt, Rejection
from tests.harness.small import ALICE, BOB, CAROL

CONFIG = Multisig(1, (BOB, CAROL))
RECEIPTS = (
    Receipt(0, b"\1" * 32, Code.SUCCESS, 1),
    Receipt(1, b"\2" * 32, Code.OVERFLOW, 0),
)
CHANGES = Changes(
    modified_nonces={ALICE: 1},
    modified_balances={(ALICE, NATIVE): 1},
    modified_multisigs={ALICE: CONFIG, BOB: None},
    modified_energies={ALICE: 1},
    created=frozenset({BOB}),
    burned=1,
    height=1,
)
OUTCOME = Outcome(RECEIPTS, CHANGES, 1)
REJECTED = replace(OUTCOME, rejection=Rejection(1, Code.OVERFLOW))

ALTERED: dict[str, list[Any]] = {
    "receipts": [
        RECEIPTS[:1],
        (*RECEIPTS, RECEIPTS[1]),
        (RECEIPTS[0], replace(RECEIPTS[1], index=2)),
        (RECEIPTS[0], replace(RECEIPTS[1], hash=bytes(32))),
        (RECEIPTS[0], replace(RECEIPTS[1], code=Code.SUCCESS)),
        (RECEIPTS[0], replace(RECEIPTS[1], gas_used=1)),
    ],
    "fees": [0, 2],
    "rejection": [
        Rejection(1, Code.OVERFLOW),
        Rejection(0, Code.OVERFLOW),
        Rejection(None, Code.OVERFLOW),
        Rejection(1, Code.SELF_OPERATION),
    ],
    "faults": [(Fault(0, "crashed"),), (Fault(None, "crashed"),)],
    "modified_nonces": [{}, {ALICE: 2}, {ALICE: 1, BOB: 0}],
    "modified_balances": [
        {},
        {(ALICE, NATIVE): U64_MAX},
        {(ALICE, NATIVE): 1, (BOB, NATIVE): 0},
    ],
    "modified_multisigs": [
        {ALICE: CONFIG},
        {ALICE: None, BOB: None},
        {ALICE: CONFIG, BOB: None, CAROL: None},
        {ALICE: Multisig(2, (BOB, CAROL)), BOB: None},
        {ALICE: Multisig(1, (CAROL, BOB)), BOB: None},
        {ALICE: Multisig(1, (BOB,)), BOB: None},
    ],
    "modified_energies": [{}, {ALICE: 0}, {ALICE: 1, BOB: 0}],
    "created": [frozenset(), frozenset({BOB, CAROL})],
    "burned": [0, 2],
    "height": [0, 2],
}
CASES = [(name, value) for name, values in ALTERED.items() for value in values]
IN_CHANGES = {field.name for field in fields(Changes)}


def altered(name: str, value: Any, outcome: Outcome = OUTCOME) -> Outcome:
    if name in IN_CHANGES:
        return replace(outcome, changes=replace(outcome.changes, **{name: value}))
    return replace(outcome, **{name: value})


def test_every_field_is_altered() -> None:
    compared = {field.name for field in fields(Outcome) if field.compare}
    assert set(ALTERED) == compared - {"changes"} | IN_CHANGES


@pytest.mark.parametrize("outcome", [OUTCOME, REJECTED])
def test_equal_outcomes_have_no_difference(outcome: Outcome) -> None:
    assert compare_outcomes(outcome, outcome) == ()
    assert compare_outcomes(outcome, replace(outcome, changes=replace(CHANGES))) == ()


@pytest.mark.parametrize(("name", "value"), CASES)
def test_an_altered_field_is_exactly_one_difference_that_names_it(name: str, value: Any) -> None:
    there = compare_outcomes(OUTCOME, altered(name, value))
    back = compare_outcomes(altered(name, value), OUTCOME)
    assert [each.field for each in there] == [each.field for each in back] == [name]
    assert (there[0].expected, there[0].actual) == (back[0].actual, back[0].expected)
    assert there[0].expected != there[0].actual


@pytest.mark.parametrize(
    "other", [None, Rejection(0, Code.OVERFLOW), Rejection(1, Code.INVALID_TYPE)]
)
def test_a_rejection_is_compared_by_index_and_code(other: Rejection | None) -> None:
    (difference,) = compare_outcomes(REJECTED, replace(REJECTED, rejection=other))
    assert difference.field == "rejection"


def test_an_entry_that_one_side_lacks_is_shown_as_absent_and_by_name() -> None:
    (extra,) = compare_outcomes(OUTCOME, altered("modified_nonces", {ALICE: 1, BOB: 0}))
    assert (extra.where, extra.expected, extra.actual) == ("bob", ABSENT, "0")
    (missing,) = compare_outcomes(OUTCOME, altered("modified_balances", {}))
    assert (missing.where, missing.expected, missing.actual) == ("alice native", "1", ABSENT)


def test_receipts_are_compared_in_block_order() -> None:
    found = compare_outcomes(OUTCOME, replace(OUTCOME, receipts=RECEIPTS[::-1]))
    assert [(each.field, each.where) for each in found] == [("receipts", "0"), ("receipts", "1")]


def test_all_that_differs_is_reported_at_once() -> None:
    worse = altered("burned", 9, altered("modified_nonces", {}, replace(OUTCOME, fees=9)))
    fields_found = {each.field for each in compare_outcomes(OUTCOME, worse)}
    assert fields_found == {"burned", "modified_nonces", "fees"}


def test_any_kind_of_mapping_will_do() -> None:
    views: dict[str, Any] = {
        name: MappingProxyType(dict(getattr(CHANGES, name)))
        for name in IN_CHANGES
        if name.startswith("modified")
    }
    outcome = replace(OUTCOME, changes=replace(CHANGES, **views))
    assert compare_outcomes(OUTCOME, outcome) == ()


# Types.


class OtherOutcome(Outcome):
    """Equal in everything but its type."""


BADLY_TYPED: dict[str, Outcome] = {
    "fees": replace(OUTCOME, fees=True),
    "burned": altered("burned", True),
    "height": altered("height", True),
    "nonce": altered("modified_nonces", {ALICE: True}),
    "balance": altered("modified_balances", {(ALICE, NATIVE): 1.0}),
    "energy": altered("modified_energies", {ALICE: True}),
    "threshold": altered(
        "modified_multisigs", {ALICE: Multisig(True, CONFIG.participants), BOB: None}
    ),
    "receipt index": altered("receipts", (RECEIPTS[0], replace(RECEIPTS[1], index=True))),
    "receipt gas": altered("receipts", (replace(RECEIPTS[0], gas_used=True), RECEIPTS[1])),
    "receipt code": altered(
        "receipts",
        (replace(RECEIPTS[0], code=0), RECEIPTS[1]),  # type: ignore[arg-type]
    ),
    "receipt hash": altered(
        "receipts",
        (
            replace(RECEIPTS[0], hash=bytearray(RECEIPTS[0].hash)),  # type: ignore[arg-type]
            RECEIPTS[1],
        ),
    ),
    "receipts": altered("receipts", list(RECEIPTS)),
    "receipt": altered("receipts", (*RECEIPTS, None)),
    "faults": altered("faults", []),
    "created": altered("created", {BOB}),
    "address": altered("modified_nonces", {"alice": 1}),
    "short address": altered("modified_energies", {b"alice": 1}),
    "balance of an account": altered("modified_balances", {ALICE: 1}),
    "participants": altered(
        "modified_multisigs",
        {ALICE: replace(CONFIG, participants=list(CONFIG.participants)), BOB: None},  # type: ignore[arg-type]
    ),
    "created address": altered("created", frozenset({"bob"})),
    "nonces": altered("modified_nonces", [(ALICE, 1)]),
    "multisigs": altered("modified_multisigs", None),
    "multisig": altered("modified_multisigs", {ALICE: (1, CONFIG.participants), BOB: None}),
    "changes": replace(OUTCOME, changes=None),  # type: ignore[arg-type]
    "outcome": OtherOutcome(RECEIPTS, CHANGES, 1),
}


@pytest.mark.parametrize("outcome", BADLY_TYPED.values(), ids=BADLY_TYPED)
def test_a_value_of_the_wrong_type_is_a_difference_even_where_it_is_equal(outcome: Outcome) -> None:
    assert not well_typed(outcome)
    assert [each.field for each in compare_outcomes(OUTCOME, outcome)] == ["types"]


@pytest.mark.parametrize(
    "rejection",
    [Rejection(True, Code.OVERFLOW), Rejection(1, 0x0304)],  # type: ignore[arg-type]
)
def test_a_rejection_of_the_wrong_type_is_a_difference(rejection: Rejection) -> None:
    assert rejection == REJECTED.rejection
    found = compare_outcomes(REJECTED, replace(REJECTED, rejection=rejection))
    assert [each.field for each in found] == ["types"]


@pytest.mark.parametrize("outcome", [OUTCOME, REJECTED, Outcome((), Changes())])
def test_a_well_typed_outcome_is_called_so(outcome: Outcome) -> None:
    assert well_typed(outcome)


# States.

FULL = Account(1, {NATIVE: 1}, CONFIG, energy=1, frozen=1, flags=1, data=b"\1")
STATE = State(Chain(3, 1, 1, 1, 1), {ALICE: FULL, BOB: Account()})
ALTERED_ACCOUNT: dict[str, Any] = {
    "nonce": 2,
    "balances": {NATIVE: 2},
    "multisig": Multisig(1, (CAROL, BOB)),
    "energy": 2,
    "frozen": 2,
    "flags": 2,
    "data": b"\2",
}
Edit = Callable[[State], State]


def with_alice(account: Account) -> State:
    return State(STATE.chain, {**STATE.accounts, ALICE: account})


def test_every_field_of_an_account_is_altered() -> None:
    assert set(ALTERED_ACCOUNT) == {field.name for field in fields(Account)}


def test_equal_states_have_no_difference() -> None:
    assert compare_states(STATE, with_alice(replace(FULL))) == ()


@pytest.mark.parametrize("name", ALTERED_ACCOUNT)
def test_an_altered_field_of_an_account_is_a_difference_that_names_it(name: str) -> None:
    other = with_alice(replace(FULL, **{name: ALTERED_ACCOUNT[name]}))
    found = compare_states(STATE, other)
    assert found
    for difference in found:
        assert difference.field == "stored state"
        assert difference.where.split()[:2] == ["alice", name]


@pytest.mark.parametrize("config", [None, Multisig(2, CONFIG.participants), Multisig(1, (BOB,))])
def test_any_other_configuration_is_a_difference(config: Multisig | None) -> None:
    for difference in compare_states(STATE, with_alice(replace(FULL, multisig=config))):
        assert difference.where.startswith("alice multisig")
    assert compare_states(STATE, with_alice(replace(FULL, multisig=config)))


@pytest.mark.parametrize("name", [field.name for field in fields(Chain)])
def test_an_altered_field_of_the_chain_is_a_difference_that_names_it(name: str) -> None:
    other = State(replace(STATE.chain, **{name: 2}), STATE.accounts)
    (difference,) = compare_states(STATE, other)
    assert (difference.field, difference.where) == ("stored state", f"chain {name}")


def test_an_account_that_is_missing_or_new_is_a_difference() -> None:
    fewer = State(STATE.chain, {ALICE: FULL})
    (missing,) = compare_states(STATE, fewer)
    (extra,) = compare_states(fewer, STATE)
    assert (missing.where, missing.actual) == ("bob", ABSENT)
    assert (extra.where, extra.expected) == ("bob", ABSENT)
