"""A block goes only to a program that declares what it needs; the first thing missing is told."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Cosigner
from lockstep.targets.program.capabilities import (
    PAYLOADS,
    PRECOMPUTED,
    TERMS,
    CapabilitiesMessage,
    HeightsMessage,
    LimitsMessage,
)
from lockstep.targets.program.needs import missing
from lockstep_ledger.block import Rewards
from lockstep_ledger.model import Account, Chain, Multisig, NonceBump, Policy, State
from tests.harness.small import ALICE, BOB, MINER, block, pays

SCHEME = "keyed-hash"
EVERYTHING = CapabilitiesMessage(
    payloads=list(PAYLOADS),
    policies=[each.value for each in Policy],
    signatures=[SCHEME],
    terms=list(TERMS),
)
BEFORE = State(Chain(), {ALICE: Account(5)})
PAYS = pays("t0", 5)
BUMPS = replace(PAYS, payload=NonceBump())


def lacks(step: BlockStep, before: State = BEFORE, **less: object) -> tuple[str, str] | None:
    """Return what a program lacks that can do everything but for what is put in its place."""
    declared = msgspec.structs.replace(EVERYTHING, **less)
    return missing(realise(step, SCHEME), before, SCHEME, declared)


@pytest.mark.parametrize(
    "step",
    [
        block(PAYS, BUMPS, policy=Policy.ATOMIC),
        replace(block(PAYS), rewards=Rewards(ALICE, 1, BOB, 1), fees_to=MINER),
        replace(block(PAYS), advances_height=False),
    ],
)
def test_nothing_is_missing_where_everything_is_declared(step: BlockStep) -> None:
    assert lacks(step) is None


def test_kinds_of_payload_that_are_not_declared_are_missing() -> None:
    assert lacks(block(PAYS, BUMPS), payloads=["burn"]) == ("payloads", "nonce_bump, transfers")


def test_cosignatures_and_configurations_need_the_payload_that_makes_them() -> None:
    plain = ["transfers"]
    assert lacks(block(PAYS), payloads=plain) is None
    cosigned = replace(PAYS, cosigners=(Cosigner(0, BOB),))
    assert lacks(block(cosigned), payloads=plain) == ("payloads", "set_multisig")
    configured = State(Chain(), {ALICE: Account(5, multisig=Multisig(1, (BOB,)))})
    assert lacks(block(PAYS), configured, payloads=plain) == ("payloads", "set_multisig")


def test_a_policy_that_is_not_declared_is_missing() -> None:
    assert lacks(block(PAYS, policy=Policy.ATOMIC), policies=["skip"]) == ("policies", "atomic")


@pytest.mark.parametrize(
    ("term", "step"),
    [
        ("rewards", replace(block(PAYS), rewards=Rewards(ALICE, 1, BOB, 1))),
        ("fees_to", replace(block(PAYS), fees_to=MINER)),
        ("lone", replace(block(PAYS), advances_height=False)),
    ],
)
def test_terms_that_are_not_declared_are_missing(term: str, step: BlockStep) -> None:
    others = [each for each in TERMS if each != term]
    assert lacks(step, terms=others) == ("terms", term)


def test_signatures_are_checked_by_the_scheme_or_told() -> None:
    assert lacks(block(PAYS), signatures=["schnorr"]) == ("signatures", SCHEME)
    assert lacks(block(PAYS), signatures=[PRECOMPUTED]) is None


def test_who_decodes_the_wire_is_asked_only_for_what_can_arrive_by_it() -> None:
    assert lacks(block(PAYS), decodes_wire=True) is None
    found = lacks(block(BUMPS), decodes_wire=True)
    assert found == ("decodes_wire", "a transaction that cannot arrive by wire")


def test_values_that_are_not_declared_are_missing() -> None:
    odd = replace(PAYS, fee_type=7)
    assert lacks(block(odd), fee_types=[0, 1]) == ("fee_types", "7")
    assert lacks(block(PAYS), fee_types=[0, 1]) is None
    assert lacks(block(PAYS), chain_ids=[0, 1]) == ("chain_ids", "3")
    assert lacks(block(PAYS), chain_ids=[3]) is None
    heights = HeightsMessage(lowest="1", highest="9")
    assert lacks(block(PAYS), heights=heights) == ("heights", "0, outside 1..9")
    for height in (1, 9):
        assert lacks(block(PAYS), State(Chain(height=height), {}), heights=heights) is None
    assert lacks(block(PAYS), State(Chain(height=10), {}), heights=heights) is not None


@pytest.mark.parametrize(
    ("back", "enough", "lacking"),
    [(0, ["tip"], "the newest version"), (1, ["older"], "an older version")],
)
def test_a_reference_needs_that_its_kind_is_taken(
    back: int, enough: list[str], lacking: str
) -> None:
    step = block(replace(PAYS, reference=back))
    for declared in ([], ["tip"], ["older"], ["before_change"]):
        capabilities = msgspec.structs.replace(EVERYTHING, references=declared)
        found = missing(realise(step, SCHEME, 5), BEFORE, SCHEME, capabilities, 5)
        takes = declared == enough or (back and declared == ["before_change"])
        assert found == (None if takes else ("references", lacking))
    assert lacks(block(PAYS), references=[]) is None


def test_limits_count_transactions_and_accounts() -> None:
    one = LimitsMessage(transactions=1, accounts=1)
    assert lacks(block(PAYS), limits=one) is None
    two = block(PAYS, pays("t1", 6))
    assert lacks(two, limits=one) == ("limits", "2 transactions, above 1")
    both = State(Chain(), {ALICE: Account(), BOB: Account()})
    assert lacks(block(PAYS), both, limits=one) == ("limits", "2 accounts, above 1")
