"""The block loop: rewards, then every transaction in order, then fees, then the height.

Invariant: a transaction sees exactly the effects of the rewards and of every successful
transaction before it; a failed one leaves nothing.
"""

from __future__ import annotations

from lockstep_ledger.block import Block
from lockstep_ledger.model import NATIVE, U64_MAX, Policy, Transaction
from lockstep_ledger.outcome import NO_CHANGES, Code, Outcome, Receipt, Rejection
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader
from lockstep_reference.rules import verdict
from lockstep_reference.state import Layer


def execute(block: Block, storage: Reader, scheme: Scheme) -> Outcome:
    """Execute ``block`` one transaction after another on the data of ``storage``."""
    chain = storage.chain()
    state = Layer(storage, chain.burned)
    if not _pay_rewards(block, state):
        return _rejected(None, Code.OVERFLOW)
    receipts: list[Receipt] = []
    fees = 0
    for index, envelope in enumerate(block.transactions):
        staged = Layer(state, state.burned)
        code = verdict(envelope, staged, chain.chain_id, scheme)
        fee = 0
        if code is Code.SUCCESS:
            state.absorb(staged)
            assert isinstance(envelope.content, Transaction)
            fee = envelope.content.fee
        receipts.append(Receipt(index, envelope.hash, code, fee))
        fees += fee
        if code is not Code.SUCCESS and block.policy is Policy.ATOMIC:
            return _rejected(index, code, tuple(receipts))
    if not _pay_fees(block, state, fees) or chain.height + block.advances_height > U64_MAX:
        return _rejected(None, Code.OVERFLOW)
    changes = state.changes_from(storage, chain.burned, int(block.advances_height))
    return Outcome(tuple(receipts), changes, fees)


def _pay_rewards(block: Block, state: Layer) -> bool:
    rewards = block.rewards
    if rewards is None:
        return True
    return state.credit(rewards.dev, NATIVE, rewards.dev_amount) and state.credit(
        rewards.miner, NATIVE, rewards.miner_amount
    )


def _pay_fees(block: Block, state: Layer, fees: int) -> bool:
    """Credit the miner; a sum of 0 is no credit, so it creates no account."""
    if block.fees_to is None or fees == 0:
        return True
    return state.credit(block.fees_to, NATIVE, fees)


def _rejected(index: int | None, code: Code, receipts: tuple[Receipt, ...] = ()) -> Outcome:
    return Outcome(receipts, NO_CHANGES, rejection=Rejection(index, code))
