"""The first rule that fails is the result: every pair of rules, broken at the same time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import pytest

from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Account,
    Address,
    Multisig,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import NO_CHANGES, Code, Outcome
from lockstep_reference.rules import RULES
from tests.reference.world import ALICE, BOB, CAROL, DAVE, GOLD, RICH, run, send, to

CONFIG = Multisig(1, (BOB,))


@dataclass(frozen=True)
class Draft:
    """Alice, co-signed by bob, sends carol 5 of her 10 gold; every field can be spoilt."""

    exists: bool = True
    native: int = RICH
    config: Multisig = CONFIG
    amount: int = 5
    more: tuple[Transfer, ...] = ()
    received: int = 0
    chain_id: int = 3
    fee: int = 100_000
    fee_type: int = 0
    nonce: int = 0
    cosigners: tuple[tuple[int, Address], ...] = ((0, BOB),)
    signer: Address = ALICE

    def outcome(self) -> Outcome:
        envelope = send(
            ALICE,
            Transfers((to(CAROL, self.amount, GOLD), *self.more)),
            self.nonce,
            fee=self.fee,
            fee_type=self.fee_type,
            chain_id=self.chain_id,
            cosigners=self.cosigners,
            signer=self.signer,
        )
        accounts = {CAROL: Account(balances={GOLD: self.received})}
        if self.exists:
            balances = {NATIVE: self.native, GOLD: 10}
            accounts[ALICE] = Account(0, balances, self.config)
        return run(accounts, envelope, advances_height=False)


@dataclass(frozen=True)
class Breach:
    """One way to break a rule, and the code it is rejected with."""

    rule: int
    code: Code
    spoil: Callable[[Draft], Draft]


BREACHES = (
    Breach(0, Code.INVALID_FORMAT, lambda it: replace(it, cosigners=it.cosigners * 2)),
    Breach(1, Code.INVALID_TYPE, lambda it: replace(it, chain_id=0)),
    Breach(2, Code.ACCOUNT_NOT_FOUND, lambda it: replace(it, exists=False)),
    Breach(3, Code.INVALID_FORMAT, lambda it: replace(it, fee_type=7)),
    Breach(3, Code.INVALID_PAYLOAD, lambda it: replace(it, fee_type=1)),
    Breach(4, Code.INSUFFICIENT_FEE, lambda it: replace(it, fee=1)),
    Breach(5, Code.NONCE_TOO_HIGH, lambda it: replace(it, nonce=1)),
    Breach(6, Code.INSUFFICIENT_FEE, lambda it: replace(it, native=0)),
    Breach(7, Code.SELF_OPERATION, lambda it: replace(it, more=(to(ALICE, 0),))),
    Breach(8, Code.INVALID_SIGNATURE, lambda it: replace(it, signer=DAVE)),
    Breach(9, Code.INVALID_PAYLOAD, lambda it: replace(it, config=Multisig(2, (BOB, CAROL)))),
    Breach(9, Code.INVALID_SIGNATURE, lambda it: replace(it, config=Multisig(1, (CAROL,)))),
    Breach(10, Code.INSUFFICIENT_BALANCE, lambda it: replace(it, amount=11)),
    Breach(11, Code.OVERFLOW, lambda it: replace(it, received=U64_MAX)),
)
PAIRS = [
    (first, second)
    for first, second in combinations(BREACHES, 2)
    if first.rule < second.rule and first.code is not second.code
]


def label(breach: Breach) -> str:
    return f"r{breach.rule}-{breach.code.name}"


each_breach = pytest.mark.parametrize("breach", BREACHES, ids=label)


def test_the_draft_succeeds_when_nothing_is_spoilt() -> None:
    assert Draft().outcome().receipts[0].code is Code.SUCCESS


@each_breach
def test_a_breach_is_rejected_with_the_code_of_its_rule(breach: Breach) -> None:
    assert breach.spoil(Draft()).outcome().receipts[0].code is breach.code


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=label)
def test_of_two_breaches_the_earlier_rule_decides(first: Breach, second: Breach) -> None:
    spoilt = first.spoil(second.spoil(Draft()))
    assert spoilt == second.spoil(first.spoil(Draft()))
    assert spoilt.outcome().receipts[0].code is first.code


def test_every_pair_of_rules_is_tried_but_one_that_has_a_single_code() -> None:
    tried = {(first.rule, second.rule) for first, second in PAIRS}
    assert set(combinations(range(len(RULES)), 2)) - tried == {(4, 6)}


@each_breach
def test_a_breach_leaves_no_effect_at_all(breach: Breach) -> None:
    outcome = breach.spoil(Draft()).outcome()
    assert outcome.changes == NO_CHANGES
    assert outcome.receipts[0].gas_used == outcome.fees == 0
