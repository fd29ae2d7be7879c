"""Blocks to be timed: named shapes of conflict, drawn from a seed, every transaction valid.

Invariant: a workload of so many transactions over so many accounts is the same for the same seed,
and every transaction of it succeeds on the state it belongs to, so that what is timed is work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import TypeAlias

from lockstep.case.realise import envelope_of
from lockstep.case.values import Cosigner, Intent
from lockstep_ledger import schnorr
from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Address,
    Burn,
    Chain,
    Multisig,
    Payload,
    Policy,
    SetMultisig,
    State,
    Transfer,
    Transfers,
)
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.signatures import KeyPair, Scheme

RICH = 10**12
FEE = 30_000
"""Enough for one transfer with two co-signatures."""

CHAIN_LENGTH = 10
THRESHOLD = 2

BURNS, SETTINGS = 0.10, 0.05
"""Shares of the mixed workload."""


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction to be, by the numbers of accounts.

    ``participants`` are those of the configuration that it sets, none if it sets none.
    """

    source: int
    payload: Payload
    participants: tuple[int, ...] = ()


Draw: TypeAlias = Callable[[Random, int, int], Iterator[Step]]
"""Gives the steps of a block: random stream, transactions, accounts."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A block and the state it is to be executed on."""

    name: str
    state: State
    block: Block


def workload(name: str, transactions: int, accounts: int, scheme: str, seed: str) -> Workload:
    """Return the workload called ``name``, one of ``WORKLOADS``, signed under ``scheme``."""
    random = Random(f"{seed}/{name}/{transactions}/{accounts}")
    configured = frozenset(range(0, accounts, 2)) if name == "multisig-heavy" else frozenset()
    signed = _Signed(SCHEMES[scheme], configured)
    envelopes = tuple(map(signed.envelope, WORKLOADS[name](random, transactions, accounts)))
    return Workload(name, _state(accounts, configured), Block(envelopes, Policy.SKIP))


@lru_cache(maxsize=1 << 15)
def pair(number: int) -> KeyPair:
    """Return the key pair of account ``number``."""
    return schnorr.pair(number + 1)


def address(number: int) -> Address:
    """Return the address of account ``number``."""
    return pair(number).public


def participants_of(number: int) -> tuple[int, ...]:
    """Return who co-signs for an account that has a configuration: the three after it."""
    return number + 1, number + 2, number + 3


# The shapes.


def _uniform(random: Random, transactions: int, accounts: int) -> Iterator[Step]:
    for _ in range(transactions):
        source, destination = random.sample(range(accounts), 2)
        yield _pays(source, destination)


def _zipf(exponent: float) -> Draw:
    """Return a draw in which account k is a party with weight 1 / (k + 1) ** ``exponent``."""

    def draw(random: Random, transactions: int, accounts: int) -> Iterator[Step]:
        weights = list(accumulate((each + 1) ** -exponent for each in range(accounts)))
        drawn = range(accounts)
        for _ in range(transactions):
            source = destination = random.choices(drawn, cum_weights=weights)[0]
            while destination == source:
                destination = random.choices(drawn, cum_weights=weights)[0]
            yield _pays(source, destination)

    return draw


def _hot_receiver(random: Random, transactions: int, accounts: int) -> Iterator[Step]:
    for _ in range(transactions):
        yield _pays(random.randrange(1, accounts), 0)


def _hot_sender(random: Random, transactions: int, accounts: int) -> Iterator[Step]:
    for _ in range(transactions):
        yield _pays(0, random.randrange(1, accounts))


def _chains(random: Random, transactions: int, accounts: int) -> Iterator[Step]:
    """Give chains of payments, each paying the source of the next, one chain after another."""
    for start in range(0, transactions, CHAIN_LENGTH):
        length = min(CHAIN_LENGTH, transactions - start)
        links = random.sample(range(accounts), length + 1)
        yield from map(_pays, links, links[1:])


def _mixed(random: Random, transactions: int, accounts: int) -> Iterator[Step]:
    setters: set[int] = set()
    for _ in range(transactions):
        source, destination = random.sample(range(accounts), 2)
        kind = random.random()
        if kind < BURNS:
            step = Step(source, Burn(NATIVE, 1))
        elif kind < BURNS + SETTINGS and source not in setters:
            setters.add(source)
            step = _sets(source)
        else:
            step = _pays(source, destination)
        yield step


def _multisig_heavy(random: Random, transactions: int, accounts: int) -> Iterator[Step]:
    """Give payments, half of them by accounts that need two co-signatures, and a quarter settings.

    An account with an even number has a configuration to begin with.
    """
    for _ in range(transactions):
        source, destination = random.sample(range(accounts), 2)
        if random.random() < 0.25:
            yield _sets(source)
        else:
            yield _pays(source, destination)


WORKLOADS: Mapping[str, Draw] = {
    "uniform": _uniform,
    "zipf-1.0": _zipf(1.0),
    "zipf-1.2": _zipf(1.2),
    "hot-receiver": _hot_receiver,
    "hot-sender": _hot_sender,
    "chains": _chains,
    "mixed": _mixed,
    "multisig-heavy": _multisig_heavy,
}


def _pays(source: int, destination: int) -> Step:
    return Step(source, Transfers((Transfer(NATIVE, address(destination), 1),)))


def _sets(source: int) -> Step:
    participants = participants_of(source)
    return Step(source, SetMultisig(THRESHOLD, tuple(map(address, participants))), participants)


# Signing.


class _Signed:
    """Signs steps in block order; knows the nonces and who has a configuration by then."""

    def __init__(self, scheme: Scheme, configured: frozenset[int]) -> None:
        self._scheme = scheme
        self._nonces: dict[int, int] = {}
        self._configs = {each: participants_of(each) for each in configured}

    def envelope(self, step: Step) -> Envelope:
        """Return the signed transaction of ``step``."""
        number, nonce = step.source, self._nonces.get(step.source, 0)
        self._nonces[number] = nonce + 1
        cosigners = self._configs.get(number, ())[:THRESHOLD]
        pairs = {each.public: each for each in map(pair, (number, *cosigners))}
        intent = Intent(
            id="",
            source=address(number),
            payload=step.payload,
            nonce=nonce,
            fee=FEE,
            cosigners=tuple(Cosigner(at, address(each)) for at, each in enumerate(cosigners))
            or None,
        )
        if step.participants:
            self._configs[number] = step.participants
        return envelope_of(intent, self._scheme, pairs.get)


def _state(accounts: int, configured: frozenset[int]) -> State:
    return State(
        Chain(),
        {
            address(each): Account(0, {NATIVE: RICH}, _config(each) if each in configured else None)
            for each in range(accounts)
        },
    )


def _config(number: int) -> Multisig:
    return Multisig(THRESHOLD, tuple(map(address, participants_of(number))))
