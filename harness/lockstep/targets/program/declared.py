"""What a case must not have that is made for a program, by what the program says it can do.

Invariant: it follows the same declarations as ``needs``: a case that is carved so is supported, but
for accounts that are created beyond a limit.
"""

from __future__ import annotations

from lockstep.generate.carving import WORDS, Carving
from lockstep.targets.program.capabilities import PRECOMPUTED, CapabilitiesMessage
from lockstep.targets.program.scalars import read_u64
from lockstep_ledger.schemes import SCHEMES

_PAYLOADS = {
    "transfers": ("transfers",),
    "burn": ("burn",),
    "multisig": ("set_multisig",),
    "nonce_bump": ("nonce_bump",),
    "raw": ("undecodable", "unsupported"),
}
_POLICIES = ("atomic", "skip")
_TERMS = ("rewards", "fees_to", "lone")


def carving_of(capabilities: CapabilitiesMessage) -> Carving:
    """Return what is taken away for a program that can do no more than this."""
    lacking = {
        word for word, needed in _PAYLOADS.items() if not set(needed) <= set(capabilities.payloads)
    }
    lacking |= set(_POLICIES) - set(capabilities.policies)
    lacking |= set(_TERMS) - set(capabilities.terms)
    signatures = set(capabilities.signatures)
    limits, heights = capabilities.limits, capabilities.heights
    return Carving(
        tuple(each for each in WORDS if each in lacking),
        limits.transactions,
        limits.accounts,
        None if PRECOMPUTED in signatures else frozenset(signatures & set(SCHEMES)),
        capabilities.decodes_wire,
        _numbers(capabilities.fee_types),
        _numbers(capabilities.chain_ids),
        None if heights is None else (read_u64(heights.lowest), read_u64(heights.highest)),
    )


def _numbers(declared: list[int] | None) -> frozenset[int] | None:
    return None if declared is None else frozenset(declared)
