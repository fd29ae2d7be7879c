"""Carves a case: takes from any case, wherever it comes from, what is not to be in it.

Invariant: a case that has nothing of it stays as it is; what is carved depends on the case alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from lockstep.case.realise import envelope_of
from lockstep.case.values import AnyIntent, BlockStep, Case, Intent, RawIntent, Step
from lockstep.generate.carving import WHOLE, Carving
from lockstep.generate.fees import estimated_fee
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
    NonceBump,
    Payload,
    Policy,
    SetMultisig,
    State,
    Transfer,
    Transfers,
)
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.wire import decode


def carved(case: Case, carving: Carving) -> Case:
    """Return ``case`` without what ``carving`` takes away."""
    if carving == WHOLE:
        return case
    knife = _Knife(case, carving)
    steps = (knife.step(step) for step in case.steps)
    return replace(case, state=knife.state, steps=tuple(step for step in steps if step is not None))


class _Knife:
    """One case being carved; ``state`` is what its own is carved to."""

    def __init__(self, case: Case, carving: Carving) -> None:
        self._carving = carving
        self._scheme = SCHEMES[case.scheme]
        self._chain_id = case.state.chain.chain_id
        self._places = _places(case.state, carving.accounts)
        self.state = _state(case.state, carving, len(case.steps))

    def step(self, step: Step) -> Step | None:
        """Return what is left of a step, None if nothing is."""
        lacks = self._carving.lacks
        if not isinstance(step, BlockStep):
            return None if lacks("rewinds") else step
        left = (self._intent(each) for each in step.transactions)
        transactions = [each for each in left if each is not None]
        policy = Policy.SKIP if lacks("atomic") else step.policy
        return replace(
            step,
            transactions=tuple(transactions[: self._carving.transactions]),
            policy=Policy.ATOMIC if lacks("skip") else policy,
            rewards=None if lacks("rewards") else self._rewards(step.rewards),
            fees_to=None if lacks("fees_to") or not step.fees_to else self._place(step.fees_to),
            advances_height=step.advances_height or lacks("lone"),
            fault=None if lacks("faults") else step.fault,
        )

    def _intent(self, intent: AnyIntent) -> AnyIntent | None:
        if isinstance(intent, RawIntent):
            return None if self._carving.lacks("raw") else intent
        left = self._paid(replace(intent, source=self._place(intent.source)))
        if intent.chain_id == self._chain_id:
            left = replace(left, chain_id=self.state.chain.chain_id)
        payload = self._payload(left)
        cosigners = None if self._carving.lacks("multisig") else left.cosigners
        return self._told_by_wire(replace(left, payload=payload, cosigners=cosigners))

    def _paid(self, intent: Intent) -> Intent:
        """Let coin pay, or the first fee type there is, for what another was to pay for."""
        left = self._carving.fee_types
        by_energy = intent.fee_type == FeeType.ENERGY and self._carving.lacks("energy")
        if not by_energy and (left is None or intent.fee_type in left):
            return intent
        cosigned = None if intent.cosigners is None else len(intent.cosigners)
        fee = estimated_fee(intent.payload, cosigned)
        return replace(intent, fee_type=min(left or {FeeType.TOS}), fee=fee)

    def _payload(self, intent: Intent) -> Payload:
        payload = self._placed(intent.payload)
        kinds = self._carving.kinds
        if _kind(payload) in kinds:
            return payload
        other = self._other(intent.source)
        match kinds[0]:
            case "transfers":
                return Transfers((Transfer(NATIVE, other, _amount(payload)),))
            case "burn":
                return Burn(NATIVE, max(1, _amount(payload)))
            case "nonce_bump":
                return NonceBump()
            case _:
                return SetMultisig(1, (other,))

    def _placed(self, payload: Payload) -> Payload:
        """Return ``payload`` among the accounts and assets that are left."""
        one_asset = self._carving.lacks("assets")
        match payload:
            case Transfers(outputs):
                return Transfers(
                    tuple(
                        replace(
                            each,
                            asset=NATIVE if one_asset else each.asset,
                            destination=self._place(each.destination),
                        )
                        for each in outputs
                    )
                )
            case Burn(_, amount) if one_asset:
                return Burn(NATIVE, amount)
            case _:
                return payload

    def _told_by_wire(self, intent: Intent) -> AnyIntent | None:
        """Return what of ``intent`` bytes can say, None if they are not to be sent."""
        if not self._carving.by_wire:
            return intent
        envelope = envelope_of(intent, self._scheme)
        if decode(envelope.wire) == envelope.content:
            return intent
        return None if self._carving.lacks("raw") else RawIntent(intent.id, envelope.wire)

    def _rewards(self, rewards: Rewards | None) -> Rewards | None:
        if rewards is None:
            return None
        return replace(rewards, dev=self._place(rewards.dev), miner=self._place(rewards.miner))

    def _place(self, address: Address) -> Address:
        """Return the account that takes the place of one there is no room for."""
        if not self._places:
            return address
        return self._places.get(address) or self.first

    @property
    def first(self) -> Address:
        """The first account of the case."""
        return next(iter(self._places.values()))

    def _other(self, source: Address) -> Address:
        known = [*sorted(self.state.accounts), address_of("alice"), address_of("bob")]
        return next(each for each in known if each != source)


def _places(state: State, most: int | None) -> Mapping[Address, Address]:
    """Return which account stands for which; nothing where all have room."""
    if most is None or not state.accounts:
        return {}
    kept = _kept(state, most)
    every = enumerate(state.accounts)
    return {address: kept[number % len(kept)] for number, address in every}


def _chain(chain: Chain, carving: Carving, blocks: int) -> Chain:
    """Return a chain of those that are left, so low that ``blocks`` do not lead beyond."""
    if carving.chains is not None and chain.chain_id not in carving.chains:
        chain = replace(chain, chain_id=min(carving.chains))
    if carving.heights is not None:
        low, high = carving.heights
        chain = replace(chain, height=max(low, min(chain.height, high - blocks)))
    return chain


def _state(state: State, carving: Carving, blocks: int) -> State:
    chain = _chain(state.chain, carving, blocks)
    kept = _kept(state, carving.accounts)
    return State(chain, {each: _account(state.accounts[each], carving) for each in kept})


def _kept(state: State, most: int | None) -> list[Address]:
    """Return the accounts that have room: the first ones, and one at least."""
    return list(state.accounts)[: None if most is None else max(1, most)]


def _account(account: Account, carving: Carving) -> Account:
    balances = dict(account.balances)
    if carving.lacks("assets"):
        balances = {asset: amount for asset, amount in balances.items() if asset == NATIVE}
    return replace(
        account,
        balances=balances,
        multisig=None if carving.lacks("multisig") else account.multisig,
        energy=0 if carving.lacks("energy") else account.energy,
    )


def _kind(payload: Payload) -> str:
    match payload:
        case Transfers():
            return "transfers"
        case Burn():
            return "burn"
        case NonceBump():
            return "nonce_bump"
        case SetMultisig():
            return "multisig"
        case unknown:
            assert_never(unknown)


def _amount(payload: Payload) -> int:
    match payload:
        case Transfers(outputs):
            return min(U64_MAX, sum(each.amount for each in outputs))
        case Burn(_, amount):
            return amount
        case _:
            return 0
