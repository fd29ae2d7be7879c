"""Which features a case may use: some are switched off, so that the others come up more often.

Invariant: with a feature switched off, what would have used it is decoded into the plain choice
beside it; all zero bits leave everything on. Source: swarm testing (Groce et al., ISSTA 2012).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from random import Random

PLAIN_SHARE = 0.25
"""How often everything is on; else each feature is off once in four times."""


@dataclass(frozen=True, slots=True)
class Swarm:
    """The features in the order of their bits; False is switched off."""

    burns: bool
    multisigs: bool
    bumps: bool
    several_outputs: bool
    configurations: bool
    absent_accounts: bool
    rewards: bool
    fee_receivers: bool
    atomic: bool
    flaws: bool
    duplicates: bool
    wrong_nonces: bool
    boundaries: bool
    extremes: bool
    energy: bool
    other_assets: bool


SWARM_BYTES = 2
FEATURES = tuple(each.name for each in fields(Swarm))


@lru_cache(maxsize=1024)
def swarm_of(bits: int) -> Swarm:
    """Return the features that 16 bits leave on: a set bit switches one off."""
    return Swarm(*(not bits >> position & 1 for position in range(len(FEATURES))))


def draw_bits(random: Random) -> int:
    """Draw which features are off."""
    if random.random() < PLAIN_SHARE:
        return 0
    count = len(FEATURES)
    return random.getrandbits(count) & random.getrandbits(count)
