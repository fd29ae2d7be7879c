"""What a case is in a few lines: everything that decides its run is said, and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from lockstep.case.text import case_lines, intent_text
from lockstep.case.values import (
    AnyIntent,
    BlockStep,
    Case,
    Cosigner,
    Intent,
    MergeDies,
    Onlooker,
    RawIntent,
    ReadsFail,
    RewindStep,
    Step,
)
from lockstep_ledger.block import Rewards
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Burn,
    Chain,
    ChainId,
    FeeType,
    Multisig,
    NonceBump,
    Policy,
    SetMultisig,
    State,
    Transfer,
    Transfers,
)
from tests.harness.small import ALICE, BOB, CAROL, MINER, block, pays

GOLD = b"\x11" * 32
PAYS = pays("t0", 7)
BLOCK = block()


@pytest.mark.parametrize(
    ("intent", "text"),
    [
        (PAYS, "t0: alice sends 1 to bob, nonce 7, fee 15000"),
        (replace(PAYS, valid=False), "signature invalid"),
        (replace(PAYS, chain_id=0), "chain 0 (mainnet)"),
        (replace(PAYS, chain_id=77), "chain 77"),
        (replace(PAYS, cosigners=()), "co-signed by ()"),
        (
            replace(PAYS, cosigners=(Cosigner(0, BOB), Cosigner(2, CAROL, valid=False))),
            "co-signed by (0=bob, 2=carol invalid)",
        ),
        (replace(PAYS, fee=0, fee_type=FeeType.ENERGY), "nonce 7, by energy"),
        (replace(PAYS, fee=3, fee_type=FeeType.ENERGY), "by energy, fee 3"),
        (replace(PAYS, fee=3, fee_type=9), "fee 3 of type 9"),
        (replace(PAYS, payload=Transfers(())), "sends nothing"),
        (
            replace(PAYS, payload=Transfers((Transfer(NATIVE, BOB, 1, b"abc"),) * 2)),
            "sends 1 to bob with 3 bytes and 1 to bob with 3 bytes",
        ),
        (replace(PAYS, payload=Burn(NATIVE, 5)), "burns 5,"),
        (replace(PAYS, payload=SetMultisig(2, (BOB, CAROL))), "sets multisig 2 of (bob, carol)"),
        (replace(PAYS, payload=SetMultisig(0, ())), "deletes its multisig"),
        (replace(PAYS, payload=NonceBump()), "bumps its nonce"),
        (RawIntent("t1", b"\x01\x03"), "t1: raw bytes 0103"),
        (RawIntent("t1", bytes(21)), "t1: raw bytes " + "0" * 40 + "... (21 bytes)"),
    ],
)
def test_a_transaction_is_said_with_all_that_it_does(intent: AnyIntent, text: str) -> None:
    assert text in intent_text(intent)


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (BLOCK, "block, skip"),
        (block(policy=Policy.ATOMIC), "block, atomic"),
        (replace(BLOCK, rewards=Rewards(ALICE, 3, BOB, 4)), "rewards 3 to alice (dev), 4 to bob"),
        (replace(BLOCK, fees_to=MINER), "fees to miner"),
        (replace(BLOCK, advances_height=False), "height stays"),
        (replace(BLOCK, warm=True), "caches warm"),
        (replace(BLOCK, parallel=False), "on the sequential path"),
        (replace(BLOCK, fault=MergeDies(3)), "merge dies after write 3"),
        (replace(BLOCK, fault=ReadsFail(BOB)), "reads of bob fail"),
        (replace(BLOCK, fault=Onlooker()), "storage looked at all the while"),
        (RewindStep(2), "rewind 2"),
    ],
)
def test_a_step_is_said_with_its_terms(step: Step, text: str) -> None:
    (line,) = case_lines(Case(State(Chain(), {}), (step,)))
    assert text in line


def test_the_state_comes_first_its_accounts_by_name() -> None:
    accounts = {
        BOB: Account(),
        ALICE: Account(3, {NATIVE: 5, GOLD: 2}, Multisig(1, (CAROL,)), energy=4),
    }
    lines = list(case_lines(Case(State(Chain(burned=9), accounts), (BLOCK,))))
    assert lines[0] == "burned so far: 9"
    assert lines[1].startswith("alice: nonce 3, 5, 2 ")
    assert lines[1].endswith(", energy 4, multisig 1 of (carol)")
    assert lines[2:] == ["bob: nonce 0", "block, skip"]


def test_whatever_of_the_state_is_not_the_default_is_said() -> None:
    """A height, a chain or a supply may be the cause."""
    chain = Chain(ChainId.TESTNET, height=3, burned=9, total_supply=8, timestamp=7)
    account = Account(frozen=1, flags=2, data=b"ab")
    case = Case(State(chain, {BOB: account}), (BLOCK,), "schnorr")
    assert list(case_lines(case)) == [
        "signed with schnorr",
        "chain 1 (testnet)",
        "height: 3",
        "burned so far: 9",
        "total supply: 8",
        "timestamp: 7",
        "bob: nonce 0, frozen 1, flags 2, data 6162",
        "block, skip",
    ]
    assert list(case_lines(Case(State(Chain(), {}), (BLOCK,)))) == ["block, skip"]


OTHERWISE: dict[type, dict[str, object]] = {
    Chain: dict.fromkeys(("chain_id", "height", "burned", "total_supply", "timestamp"), 1),
    Account: {
        **dict.fromkeys(("nonce", "energy", "frozen", "flags"), 1),
        "balances": {NATIVE: 1},
        "multisig": Multisig(1, (CAROL,)),
        "data": b"a",
    },
    Intent: {
        **dict.fromkeys(("nonce", "fee", "fee_type", "chain_id"), 1),
        "id": "t1",
        "source": BOB,
        "payload": NonceBump(),
        "cosigners": (),
        "valid": False,
        "reference": 0,
    },
}
"""For every field another value than the one it has in the plainest case."""


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, each.name) for kind in OTHERWISE for each in fields(kind)]
)
def test_there_is_no_field_whose_value_the_lines_do_not_tell(kind: type, field: str) -> None:
    """A field that is new has to be said, too."""
    plain: dict[type, Any] = {Chain: Chain(), Account: Account(), Intent: PAYS}
    other = {**plain, kind: replace(plain[kind], **{field: OTHERWISE[kind][field]})}
    one, two = (
        list(case_lines(Case(State(parts[Chain], {BOB: parts[Account]}), (block(parts[Intent]),))))
        for parts in (plain, other)
    )
    assert one != two


def test_a_block_is_followed_by_its_transactions_in_order() -> None:
    step: BlockStep = block(PAYS, pays("t1", 8))
    lines = list(case_lines(Case(State(Chain(), {}), (step,))))
    assert lines[1:] == [f"  {intent_text(each)}" for each in step.transactions]
