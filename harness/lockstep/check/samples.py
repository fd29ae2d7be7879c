"""Small cases, each about one thing an executor may declare.

Invariant: a sample of a payload kind, a policy or a term needs no other kind than plain transfers,
so that what goes wrong is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from lockstep.case.names import GOLD
from lockstep.case.values import AnyIntent, BlockStep, Case, Cosigner, Intent, RawIntent, RewindStep
from lockstep_ledger.block import Rewards
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Account,
    Address,
    Burn,
    Chain,
    FeeType,
    Multisig,
    NonceBump,
    Payload,
    Policy,
    SetMultisig,
    State,
    Transfer,
    Transfers,
)

Samples: TypeAlias = Mapping[str, Case]

ALICE, BOB, CAROL, DAVE, MINER = map(address_of, ("alice", "bob", "carol", "dave", "miner"))
FEE = 30_000
RICH = 10**12


def state(**multisigs: Multisig) -> State:
    """Return alice, who is rich, bob and carol, and dave, who has all there can be."""
    return State(
        Chain(height=4),
        {
            ALICE: Account(7, {NATIVE: RICH, GOLD: 50}, multisigs.get("alice"), energy=2),
            BOB: Account(0, {NATIVE: FEE}),
            CAROL: Account(2**60, {NATIVE: RICH, GOLD: U64_MAX}),
            DAVE: Account(0, {NATIVE: U64_MAX}),
        },
    )


def pays(key: str, source: Address, nonce: int, *outputs: Transfer, valid: bool = True) -> Intent:
    """Return a transfer."""
    return Intent(key, source, Transfers(outputs), nonce, FEE, valid=valid)


def to(
    destination: Address, amount: int, asset: bytes = NATIVE, data: bytes | None = None
) -> Transfer:
    """Return one output."""
    return Transfer(asset, destination, amount, data)


def does(key: str, nonce: int, payload: Payload, *cosigners: Cosigner) -> Intent:
    """Return what alice does."""
    return Intent(key, ALICE, payload, nonce, FEE, cosigners=cosigners or None)


def one(*intents: AnyIntent, policy: Policy = Policy.SKIP, before: State | None = None) -> Case:
    """Return a case of one block."""
    return Case(before or state(), (BlockStep(intents, policy),))


def _terms(**terms: object) -> Case:
    step = BlockStep((pays("t0", ALICE, 7, to(BOB, 5)),), Policy.SKIP, **terms)  # type: ignore[arg-type]
    return Case(state(), (step,))


_MULTISIG = Multisig(2, (BOB, CAROL, DAVE))
_BOTH = (Cosigner(0, BOB), Cosigner(2, DAVE))

PAYLOADS: Mapping[str, Samples] = MappingProxyType(
    {
        "transfers": {
            "one transfer": one(pays("t0", ALICE, 7, to(BOB, 1))),
            "several assets, extra data, a new account": one(
                pays("t0", ALICE, 7, to(MINER, 9), to(BOB, 3, GOLD), to(BOB, 0, data=b"\0\xff"))
            ),
            "a transfer to oneself": one(pays("t0", ALICE, 7, to(ALICE, 1))),
            "more than there is": one(pays("t0", BOB, 0, to(ALICE, 1))),
            "a nonce that is too high": one(pays("t0", ALICE, 8, to(BOB, 1))),
            "a receiver that has all": one(pays("t0", ALICE, 7, to(DAVE, 1))),
            "an invalid signature": one(pays("t0", ALICE, 7, to(BOB, 1), valid=False)),
            "by energy": one(
                Intent("t0", ALICE, Transfers((to(BOB, 1),)), 7, 0, FeeType.ENERGY),
                Intent("t1", ALICE, Transfers((to(BOB, 1),)), 8, 0, FeeType.ENERGY),
                Intent("t2", ALICE, Transfers((to(BOB, 1),)), 9, 0, FeeType.ENERGY),
            ),
            "no outputs": one(pays("t0", ALICE, 7)),
        },
        "burn": {
            "native and gold": one(does("t0", 7, Burn(NATIVE, 5)), does("t1", 8, Burn(GOLD, 50))),
            "nothing": one(does("t0", 7, Burn(NATIVE, 0))),
            "more than there is": one(does("t0", 7, Burn(GOLD, 51))),
        },
        "set_multisig": {
            "set": one(does("t0", 7, SetMultisig(2, (BOB, CAROL, DAVE)))),
            "a co-signed transfer": one(
                does("t0", 7, Transfers((to(BOB, 1),)), *_BOTH), before=state(alice=_MULTISIG)
            ),
            "too few co-signatures": one(
                does("t0", 7, Transfers((to(BOB, 1),)), _BOTH[0]), before=state(alice=_MULTISIG)
            ),
            "a co-signature of somebody else": one(
                does("t0", 7, Transfers((to(BOB, 1),)), Cosigner(0, BOB), Cosigner(1, DAVE)),
                before=state(alice=_MULTISIG),
            ),
            "delete": one(does("t0", 7, SetMultisig(0, ()), *_BOTH), before=state(alice=_MULTISIG)),
            "replace, then the new one counts": one(
                does("t0", 7, SetMultisig(1, (CAROL,)), *_BOTH),
                does("t1", 8, Transfers((to(BOB, 1),)), Cosigner(0, BOB)),
                does("t2", 8, Transfers((to(BOB, 1),)), Cosigner(0, CAROL)),
                before=state(alice=_MULTISIG),
            ),
            "a stray co-signature": one(does("t0", 7, Transfers((to(BOB, 1),)), _BOTH[0])),
        },
        "nonce_bump": {
            "by fee": one(does("t0", 7, NonceBump())),
            "by energy": one(Intent("t0", ALICE, NonceBump(), 7, 0, FeeType.ENERGY)),
            "without the means": one(Intent("t0", BOB, NonceBump(), 0, FEE + 1)),
        },
        "undecodable": {
            "bytes that end early": one(RawIntent("t0", b"\1\3" + ALICE + b"\1")),
            "no bytes": one(RawIntent("t0", b""), pays("t1", ALICE, 7, to(BOB, 1))),
        },
        "unsupported": {
            "a type of its own": one(
                RawIntent("t0", b"\1\3" + ALICE + b"\3"), pays("t1", ALICE, 7, to(BOB, 1))
            ),
        },
    }
)

_THREE = (
    pays("t0", ALICE, 7, to(BOB, 1)),
    pays("t1", ALICE, 7, to(BOB, 1)),
    pays("t2", ALICE, 8, to(BOB, 1)),
)

POLICIES: Mapping[str, Samples] = MappingProxyType(
    {
        "skip": {
            "a failure between two successes": one(*_THREE),
            "an empty block": one(),
        },
        "atomic": {
            "a failure rejects it": one(*_THREE, policy=Policy.ATOMIC),
            "all succeed": one(_THREE[0], _THREE[2], policy=Policy.ATOMIC),
            "an empty block": one(policy=Policy.ATOMIC),
        },
    }
)

TERMS: Mapping[str, Samples] = MappingProxyType(
    {
        "rewards": {
            "two are paid": _terms(rewards=Rewards(BOB, 10, MINER, 0)),
            "one cannot be paid": _terms(rewards=Rewards(BOB, 10, DAVE, 1)),
        },
        "fees_to": {
            "somebody new": _terms(fees_to=MINER),
            "somebody who has all": _terms(fees_to=DAVE),
        },
        "lone": {"the height stays": _terms(advances_height=False)},
    }
)

MODIFIED: Samples = MappingProxyType(
    {
        "a balance that comes back": one(
            Intent("t0", ALICE, Transfers((to(BOB, 1),)), 7, 0, FeeType.ENERGY),
            pays("t1", DAVE, 0, to(ALICE, 1)),
        ),
        "an account created with 0": one(pays("t0", ALICE, 7, to(MINER, 0))),
        "the largest balance is spent and filled again": one(
            pays("t0", DAVE, 0, to(ALICE, U64_MAX - FEE - RICH)),
            Intent("t1", ALICE, Transfers((to(DAVE, 1),)), 7, 0, FeeType.ENERGY),
        ),
        "a failure leaves nothing": one(pays("t0", ALICE, 7, to(MINER, 1), to(DAVE, 1))),
        "two blocks and a rewind": Case(
            state(),
            (
                BlockStep((_THREE[0],), Policy.SKIP),
                BlockStep((_THREE[2],), Policy.SKIP),
                RewindStep(1),
                BlockStep((_THREE[2], _THREE[2]), Policy.SKIP),
            ),
        ),
    }
)


def crowded(transactions: int) -> Case:
    """Return a block of so many transfers, of which many touch the same accounts."""
    sources = (ALICE, CAROL)
    nonces = {ALICE: 7, CAROL: 2**60}
    intents = []
    for number in range(transactions):
        source = sources[number % 2]
        intents.append(
            pays(f"t{number}", source, nonces[source], to(sources[1 - number % 2], number))
        )
        nonces[source] += 1
    return one(*intents)
