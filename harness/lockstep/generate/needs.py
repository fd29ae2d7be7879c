"""What a shrunk case shows to be needed, as features that can be switched off in generation.

Shrinking takes each of these away wherever the failure stays: what is left of them is needed.
Features that it prefers (nonce bumps, energy, absent accounts) or cannot take away say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

from lockstep.case.values import BlockStep, Case, Intent
from lockstep.generate.swarm import FEATURES
from lockstep_ledger.model import Burn, Policy, SetMultisig, Transfers

LEANING_SHARE = 0.75
"""How often what a known failure needs is switched off."""


def needs_of(case: Case) -> frozenset[str]:
    """Return the features that a shrunk ``case`` needs."""
    return frozenset(name for name, has in NEEDS.items() if has(case))


def shared_needs(cases: Sequence[Case]) -> frozenset[str]:
    """Return the features that all of some shrunk cases need."""
    return frozenset.intersection(*map(needs_of, cases)) if cases else frozenset()


def switched_off(needs: Sequence[frozenset[str]], random: Random) -> int:
    """Draw the bits of the features to be switched off, for each failure by itself."""
    bits = 0
    for features in needs:
        if features and random.random() < LEANING_SHARE:
            bits |= sum(1 << FEATURES.index(name) for name in sorted(features))
    return bits


def _blocks(case: Case) -> Iterator[BlockStep]:
    return (step for step in case.steps if isinstance(step, BlockStep))


def _intents(case: Case) -> Iterator[Intent]:
    for block in _blocks(case):
        yield from (each for each in block.transactions if isinstance(each, Intent))


def _has_several_outputs(case: Case) -> bool:
    payloads = (each.payload for each in _intents(case))
    return any(isinstance(each, Transfers) and len(each.outputs) > 1 for each in payloads)


NEEDS: Mapping[str, Callable[[Case], bool]] = {
    "burns": lambda case: any(isinstance(each.payload, Burn) for each in _intents(case)),
    "multisigs": lambda case: any(isinstance(each.payload, SetMultisig) for each in _intents(case)),
    "several_outputs": _has_several_outputs,
    "configurations": lambda case: any(
        each.multisig is not None for each in case.state.accounts.values()
    ),
    "rewards": lambda case: any(block.rewards is not None for block in _blocks(case)),
    "fee_receivers": lambda case: any(block.fees_to is not None for block in _blocks(case)),
    "atomic": lambda case: any(block.policy is Policy.ATOMIC for block in _blocks(case)),
    "flaws": lambda case: any(not each.valid for each in _intents(case)),
}
"""How a case shows each feature."""

assert NEEDS.keys() <= set(FEATURES)
