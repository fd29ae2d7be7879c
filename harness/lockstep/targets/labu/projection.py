"""Projects generated cases onto what labu can express, so that nearly every one can be compared.

Invariant: a projected case has atomic blocks without rewards whose fees vanish, native amounts, no
multisig before its first block and no rewinds; it depends on the case and the random stream alone.

An atomic block ends with its first failure, and generated blocks were made for a policy that goes
on. So some blocks lose the transactions that fail in them, some keep only those that fail for want
of funds or of room, which are rarer and harder to get right, and some keep all.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import assert_never

from lockstep.case.realise import envelope_of, realise
from lockstep.case.values import AnyIntent, BlockStep, Case, Intent, RawIntent
from lockstep.compare.post_state import post_state
from lockstep.targets.labu.documents import SCHEME, expressible
from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import (
    NATIVE,
    Address,
    Burn,
    NonceBump,
    Payload,
    Policy,
    SetMultisig,
    State,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import LATE, Code, Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.wire import decode
from lockstep_reference import block as reference

PROJECTED_KINDS = ("Burn", "SetMultisig", "Transfers")
"""The payloads of projected cases, by name: a nonce bump becomes a transfer."""

CODES_KEPT: tuple[tuple[frozenset[Code], float], ...] = (
    (frozenset(), 0.2),
    (frozenset(LATE), 0.4),
    (frozenset(Code), 0.4),
)
"""Which failures a block keeps, and the share of blocks that do."""

LONE_SHARE = 0.25
"""The share of blocks of one transaction that are sent without a block around it."""

STRAY_SHARE = 0.1
"""The share of co-signatures that stay where there is no configuration for them."""

_TRIAL = "keyed-hash"
"""Trying a transaction out does not need real keys: either scheme accepts what was signed in it."""


def project(case: Case, random: Random) -> Case:
    """Return the case that labu can be asked about instead of ``case``."""
    state = now = expressible(case.state)
    steps = []
    for step in case.steps:
        if isinstance(step, BlockStep):
            block = _projected(step, now, random)
            steps.append(block)
            now = _after(now, realise(block, _TRIAL))
    return Case(state, tuple(steps), SCHEME)


def _projected(step: BlockStep, state: State, random: Random) -> BlockStep:
    choices, shares = zip(*CODES_KEPT, strict=True)
    [codes] = random.choices(choices, shares)
    kept: list[AnyIntent] = []
    for each in step.transactions:
        intent = _native(each, state, random) if isinstance(each, Intent) else each
        if len(codes) < len(Code):
            intent = _in_turn(intent, state)
        envelope = envelope_of(intent, SCHEMES[_TRIAL])
        outcome = _execute(Block((envelope,), Policy.ATOMIC, advances_height=False), state)
        state = post_state(state, outcome.changes)
        if outcome.rejection is None or outcome.rejection.code in codes:
            kept.append(_carried(intent, envelope))
    lone = len(kept) == 1 and random.random() < LONE_SHARE
    return BlockStep(tuple(kept), Policy.ATOMIC, advances_height=not lone)


def _in_turn(intent: AnyIntent, state: State) -> AnyIntent:
    """Return ``intent`` with the nonce that is its account's, now that others were left out."""
    if isinstance(intent, RawIntent) or intent.source not in state.accounts:
        return intent
    return replace(intent, nonce=state.accounts[intent.source].nonce)


def _native(intent: Intent, state: State, random: Random) -> Intent:
    """Return ``intent`` in the native asset, without co-signatures that nobody asks for."""
    account = state.accounts.get(intent.source)
    cosigners = intent.cosigners
    if (account is None or account.multisig is None) and random.random() >= STRAY_SHARE:
        cosigners = None
    return replace(intent, payload=_payload(intent, state), cosigners=cosigners)


def _payload(intent: Intent, state: State) -> Payload:
    match intent.payload:
        case Transfers(outputs):
            return Transfers(tuple(replace(each, asset=NATIVE) for each in outputs))
        case Burn(_, amount):
            return Burn(NATIVE, amount)
        case NonceBump():
            return Transfers((Transfer(NATIVE, _other(intent.source, state), 0),))
        case SetMultisig() as payload:
            return payload
        case unknown:
            assert_never(unknown)


def _other(source: Address, state: State) -> Address:
    """Return an account beside ``source``, one that exists if there is any."""
    known = [*sorted(state.accounts), address_of("alice"), address_of("bob")]
    return next(each for each in known if each != source)


def _carried(intent: AnyIntent, envelope: Envelope) -> AnyIntent:
    """Return what of ``intent`` travels by wire: bytes, where they do not say what it says."""
    if isinstance(intent, RawIntent) or decode(envelope.wire) == envelope.content:
        return intent
    return RawIntent(intent.id, envelope_of(intent, SCHEMES[SCHEME]).wire)


def _after(state: State, block: Block) -> State:
    return post_state(state, _execute(block, state).changes)


def _execute(block: Block, state: State) -> Outcome:
    return reference.execute(block, MemoryStorage(state), SCHEMES[_TRIAL])
