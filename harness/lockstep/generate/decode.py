"""The total decoder: every draw is a valid case, and the simplest draw is the simplest case."""

from __future__ import annotations

from lockstep.case.values import AnyIntent, BlockStep, Case, MergeFails, RewindStep, Step
from lockstep.generate.accounts import Terms, decode_terms
from lockstep.generate.estimate import Estimate
from lockstep.generate.limits.table import with_goal
from lockstep.generate.slots import GOAL_AT, Bytes, Draw, Shape
from lockstep.generate.transactions import Decoding, decode_transaction
from lockstep_ledger.model import NATIVE, Policy


def decode(draw: Draw, scheme: str = "keyed-hash") -> Case:
    """Return the case that ``draw`` stands for."""
    terms = decode_terms(draw.header, draw.shape)
    course, goal = terms.course, None
    if draw.shape is Shape.LIMIT:
        terms, goal = with_goal(Bytes(draw.header[GOAL_AT:]), terms, len(draw.slots))
    decoding = Decoding(terms, draw.shape, goal=goal)
    forecasts = [Estimate(terms.state)]
    steps: list[Step] = []
    per_block = -(-len(draw.slots) // course.blocks) if draw.slots else 0
    for block in range(course.blocks):
        slots = draw.slots[block * per_block : (block + 1) * per_block]
        estimate = forecasts[-1] if course.blocks == 1 else forecasts[-1].copy()
        decoding.begin(block)
        transactions = _block(slots, decoding, estimate)
        steps.append(_step(transactions, terms, block))
        undone = terms.policy is Policy.ATOMIC and estimate.doubts > 0
        undone |= isinstance(course.fault_of(block), MergeFails)
        forecasts.append(forecasts[-1] if undone and not terms.ghosts.blocks else estimate)
        if course.rewind and block == course.rewind_after:
            steps.append(RewindStep(course.rewind))
            del forecasts[-course.rewind :]
            if terms.ghosts.blocks:
                forecasts[-1] = estimate
            if course.again:
                decoding.expect_again(course.rewind * per_block)
    return Case(terms.state, tuple(steps), scheme)


def _block(
    slots: tuple[bytes, ...], decoding: Decoding, estimate: Estimate
) -> tuple[AnyIntent, ...]:
    terms = decoding.terms
    _believe_rewards(terms, estimate)
    estimate.doubts = estimate.fees = 0
    transactions = tuple(decode_transaction(slot, decoding, estimate) for slot in slots)
    if terms.fees_to is not None and estimate.fees:
        estimate.credit(terms.fees_to, NATIVE, estimate.fees)
    return transactions


def _step(transactions: tuple[AnyIntent, ...], terms: Terms, block: int) -> BlockStep:
    return BlockStep(
        transactions,
        terms.policy,
        terms.rewards,
        terms.fees_to,
        fault=terms.course.fault_of(block),
        parallel=terms.course.parallel_at(block),
        warm=terms.course.warm_at(block),
        dry_runs=terms.course.dry_runs_of(block),
    )


def _believe_rewards(terms: Terms, estimate: Estimate) -> None:
    rewards = terms.rewards
    if rewards is not None:
        estimate.credit(rewards.dev, NATIVE, rewards.dev_amount)
        estimate.credit(rewards.miner, NATIVE, rewards.miner_amount)
