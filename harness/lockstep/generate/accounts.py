"""Decodes a header into the state a case starts from and the terms of its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lockstep.case.names import GOLD
from lockstep.generate.course import Course, decode_course
from lockstep.generate.slots import Bytes, Shape
from lockstep.generate.swarm import Swarm, swarm_of
from lockstep_ledger.block import Rewards
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import NATIVE, U64_MAX, Account, Address, Chain, Multisig, Policy, State

NAMES = ("alice", "bob", "carol", "dave", "eve", "miner", "frank", "grace", "heidi", "ivan")
FEES = 1_000_000
"""Enough native units for the fees of a few dozen small transactions."""


@dataclass(frozen=True, slots=True)
class Ghosts:
    """Which effects are believed that never were: of failures, of blocks that were taken back.

    What comes later then builds on them, as it does in an executor that leaves something behind.
    """

    failures: bool = False
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What the header fixes besides the accounts.

    ``hot`` picks how a dense case conflicts; ``favoured`` is the kind of payload that most of the
    case's transactions have, if any: a case about one thing reaches further into it.
    """

    state: State
    pool: tuple[Address, ...]
    policy: Policy
    rewards: Rewards | None
    fees_to: Address | None
    course: Course
    hot: int
    favoured: str | None
    swarm: Swarm
    ghosts: Ghosts = Ghosts()


@lru_cache(maxsize=1)
def addresses() -> tuple[Address, ...]:
    """Return the addresses of ``NAMES``."""
    return tuple(address_of(name) for name in NAMES)


def decode_terms(header: bytes, shape: Shape) -> Terms:
    """Decode a header; any bytes will do."""
    source = Bytes(header)
    swarm = swarm_of(source.number())
    size = 2 + source.below(4) if shape is not Shape.DENSE else 4 + source.below(7)
    pool = addresses()[:size]
    policy = source.pick((*(Policy.SKIP,) * 3, Policy.ATOMIC)) if swarm.atomic else Policy.SKIP
    rewards = _rewards(source, pool) if swarm.rewards else None
    receivers = (None, None, pool[0], pool[-1], addresses()[5])
    fees_to = source.pick(receivers) if swarm.fee_receivers else None
    course = decode_course(source, shape, pool)
    hot, choice = source.byte(), source.byte()
    chain = _chain(source) if swarm.extremes else Chain()
    favoured = _favoured(choice, chain)
    accounts = {}
    for position, address in enumerate(pool):
        account = _account(source, position, pool, shape, swarm)
        if account is not None:
            accounts[address] = account
    state = State(chain, accounts)
    ghosts = _ghosts(source.byte())
    return Terms(state, pool, policy, rewards, fees_to, course, hot, favoured, swarm, ghosts)


def _ghosts(choice: int) -> Ghosts:
    """Return what a byte makes believe: nothing in four cases out of five."""
    return Ghosts(failures=204 <= choice < 232 or choice >= 244, blocks=choice >= 220)


_FAVOURED = (*(None,) * 8, "transfer", "burn", "burn", "multisig", "multisig", "bump")


def _favoured(choice: int, chain: Chain) -> str | None:
    """Return the favoured kind: mostly burns where the cap of what may be burned is near."""
    if choice < 192 and chain.burned > U64_MAX >> 1:
        return "burn"
    return _FAVOURED[choice * len(_FAVOURED) >> 8]


def _chain(source: Bytes) -> Chain:
    burned = source.pick((*(0,) * 8, U64_MAX, *(U64_MAX - each for each in (5, 300, FEES))))
    height = source.pick((*(0,) * 30, 1, U64_MAX - 1, U64_MAX))
    return Chain(height=height, burned=burned)


def _rewards(source: Bytes, pool: tuple[Address, ...]) -> Rewards | None:
    present, miner, dev = source.byte(), source.byte(), source.byte()
    amounts = (0, 1, 5, *(FEES,) * 7, *(10 * FEES,) * 4, U64_MAX - 5, U64_MAX)
    miner_amount, dev_amount = source.pick(amounts), source.pick(amounts)
    if present < 150:
        return None
    parties = (*pool, addresses()[5], addresses()[-1])
    return Rewards(
        parties[dev * len(parties) >> 8],
        dev_amount,
        parties[miner * len(parties) >> 8],
        miner_amount,
    )


_RICH = 10 * FEES
_BALANCES = (
    *(_RICH,) * 20,
    *(FEES,) * 6,
    15_000,
    15_001,
    30_000,
    30_001,
    0,
    1,
    *(U64_MAX,) * 2,
    U64_MAX - 1,
    *(U64_MAX - FEES,) * 2,
)
_MODEST = tuple(each if each < U64_MAX >> 1 else FEES for each in _BALANCES)


def _account(
    source: Bytes, position: int, pool: tuple[Address, ...], shape: Shape, swarm: Swarm
) -> Account | None:
    presence, nonce_class = source.byte(), source.byte()
    balance = source.pick(_BALANCES if swarm.extremes else _MODEST)
    config = source.byte()
    extra = source.byte()
    if presence >= 225 and position > 0 and swarm.absent_accounts:
        return None
    if shape is Shape.DENSE and nonce_class < 128:
        balance = _RICH
    nonce = 0 if nonce_class < 200 else 7
    if nonce_class >= 248 and swarm.extremes:
        nonce = U64_MAX - (nonce_class & 1)
    balances = {NATIVE: balance}
    if extra & 1 and swarm.other_assets:
        balances[GOLD] = (5, 100, U64_MAX if swarm.extremes else 100, 1)[extra >> 1 & 3]
    energy = (0, 1, 2, 50)[extra >> 3 & 3] if swarm.energy else 0
    multisig = _config(config, position, pool) if swarm.configurations else None
    return Account(nonce, balances, multisig, energy)


def _config(choice: int, position: int, pool: tuple[Address, ...]) -> Multisig | None:
    if choice < 190:
        return None
    others = pool[:position] + pool[position + 1 :]
    participants = others[: 1 + (choice & 1) + (choice >> 1 & 1)]
    return Multisig(1 + (choice >> 2) % len(participants), participants)
