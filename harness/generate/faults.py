"""Puts a fault from outside upon one block of some cases.

Invariant: a case is as it would be without the fault, but for the fault.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from harness.case.values import (
    BlockStep,
    Case,
    MergeDies,
    Onlooker,
    PlannedFault,
    ReadsFail,
)

SHARE = 0.1
"""Of the cases that have a fault; each costs one or two executions more."""


def with_fault(case: Case, random: Random) -> Case:
    """Return ``case``, one of its blocks under a drawn fault or none."""
    if random.random() >= SHARE:
        return case
    blocks = [number for number, step in enumerate(case.steps) if isinstance(step, BlockStep)]
    chosen, fault = random.choice(blocks), _drawn(case, random)
    return replace(
        case,
        steps=tuple(
            replace(step, fault=fault) if number == chosen and isinstance(step, BlockStep) else step
            for number, step in enumerate(case.steps)
        ),
    )


def _drawn(case: Case, random: Random) -> PlannedFault:
    faults: list[PlannedFault] = [MergeDies(random.randrange(2)), Onlooker()]
    if case.state.accounts:
        faults.append(ReadsFail(random.choice(sorted(case.state.accounts))))
    return random.choice(faults)
