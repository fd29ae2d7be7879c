"""Checks of the values that a program says it takes: fee types, chain ids, heights."""

from __future__ import annotations

from dataclasses import replace

from lockstep.case.values import BlockStep, Case, Intent
from lockstep.check import samples
from lockstep.check.subject import Subject
from lockstep.targets.program.scalars import read_u64
from lockstep_ledger.model import U64_MAX, ChainId, FeeType

MOST = 8
"""Values of each kind that are tried."""
_PAYMENT = samples.PAYLOADS["transfers"]["one transfer"]


def fee_types_are_taken(subject: Subject) -> str:
    """A transfer with each fee type that is declared gives what the reference gives."""
    declared = subject.capabilities.fee_types
    types = [int(each) for each in FeeType] if declared is None else declared[:MOST]
    return subject.agrees((f"fee type {each}", _paying(fee_type=each)) for each in types)


def chain_ids_are_taken(subject: Subject) -> str:
    """A transfer on each chain that is declared gives what the reference gives."""
    declared = subject.capabilities.chain_ids
    chains = [int(each) for each in ChainId] if declared is None else declared[:MOST]
    return subject.agrees(
        (f"chain {each}", _on(_paying(chain_id=each), chain_id=each)) for each in chains
    )


def heights_are_taken(subject: Subject) -> str:
    """A block on the lowest and the highest state that is declared gives what it must give."""
    heights = subject.capabilities.heights
    limits = (
        {0, U64_MAX} if heights is None else {read_u64(heights.lowest), read_u64(heights.highest)}
    )
    return subject.agrees((f"height {each}", _on(_PAYMENT, height=each)) for each in sorted(limits))


def _paying(**terms: int) -> Case:
    [step] = _PAYMENT.steps
    assert isinstance(step, BlockStep)
    [intent] = step.transactions
    assert isinstance(intent, Intent)
    paying = replace(intent, **terms)  # type: ignore[arg-type]
    return replace(_PAYMENT, steps=(replace(step, transactions=(paying,)),))


def _on(case: Case, **chain: int) -> Case:
    changed = replace(case.state.chain, **chain)
    return replace(case, state=replace(case.state, chain=changed))
