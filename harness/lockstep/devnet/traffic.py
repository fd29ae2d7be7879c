"""Seeded traffic for a chain: blocks decoded against the state they will be executed on.

Invariant: a block depends on the seed, its number and the state alone.
"""

from __future__ import annotations

from lockstep.case.values import BlockStep
from lockstep.generate.accounts import FEES, Terms, addresses
from lockstep.generate.course import ONE_BLOCK
from lockstep.generate.estimate import Estimate
from lockstep.generate.slots import SLOT_LENGTH, Shape
from lockstep.generate.swarm import swarm_of
from lockstep.generate.transactions import Decoding, decode_transaction
from lockstep.streams import stream
from lockstep_ledger.block import Rewards
from lockstep_ledger.model import NATIVE, Account, Chain, Policy, State

REWARD = 10 * FEES
GENESIS_BALANCE = 1_000 * FEES
FAVOURED = (None, None, "transfer", "burn", "multisig", "bump")


def genesis() -> State:
    """Return a state in which every account of the traffic but the last exists and is rich."""
    accounts = {
        address: Account(0, {NATIVE: GENESIS_BALANCE}, energy=50) for address in addresses()[:-1]
    }
    return State(Chain(), accounts)


def block_at(seed: str, number: int, state: State, transactions: int) -> BlockStep:
    """Return block ``number`` of the chain seeded with ``seed``, on top of ``state``."""
    random = stream(seed, "block", number)
    pool = addresses()
    miner = pool[random.randrange(len(pool))]
    terms = Terms(
        state=state,
        pool=pool,
        policy=Policy.ATOMIC if random.random() < 0.05 else Policy.SKIP,
        rewards=Rewards(pool[0], REWARD // 10, miner, REWARD),
        fees_to=miner,
        course=ONE_BLOCK,
        hot=random.randrange(256),
        favoured=random.choice(FAVOURED),
        swarm=swarm_of(0),
    )
    shape = Shape.DENSE if terms.hot & 4 else Shape.BOUNDARY
    decoding, estimate = Decoding(terms, shape, f"b{number}t"), Estimate(state)
    block = tuple(
        decode_transaction(random.randbytes(SLOT_LENGTH), decoding, estimate)
        for _ in range(random.randint(0, transactions))
    )
    return BlockStep(block, terms.policy, terms.rewards, terms.fees_to)
