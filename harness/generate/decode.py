"""The total decoder: every draw is a valid case, and the simplest draw is the simplest case."""

from __future__ import annotations

from harness.case.values import AnyIntent, BlockStep, Case, RewindStep, Step
from harness.generate.accounts import Terms, decode_terms
from harness.generate.estimate import Estimate
from harness.generate.records import Draw
from harness.generate.transactions import decode_transaction
from ledger.model import NATIVE


def decode(draw: Draw, scheme: str = "keyed-hash") -> Case:
    """Return the case that ``draw`` stands for."""
    terms = decode_terms(draw.header, draw.shape)
    estimate = Estimate(terms.state)
    earlier: list[AnyIntent] = []
    steps: list[Step] = []
    per_block = -(-len(draw.records) // terms.blocks) if draw.records else 0
    for block in range(terms.blocks):
        _believe_rewards(terms, estimate)
        records = draw.records[block * per_block : (block + 1) * per_block]
        transactions = []
        for record in records:
            key = f"t{len(earlier)}"
            intent = decode_transaction(key, record, terms, estimate, earlier, draw.shape)
            earlier.append(intent)
            transactions.append(intent)
        steps.append(BlockStep(tuple(transactions), terms.policy, terms.rewards, terms.fees_to))
    if terms.rewind:
        steps.insert(-1, RewindStep(min(terms.rewind, len(steps) - 1)))
    return Case(terms.state, tuple(steps), scheme)


def _believe_rewards(terms: Terms, estimate: Estimate) -> None:
    rewards = terms.rewards
    if rewards is not None:
        estimate.credit(rewards.dev, NATIVE, rewards.dev_amount)
        estimate.credit(rewards.miner, NATIVE, rewards.miner_amount)
