"""Offers cases that start later: what the first block, or a transaction of it, does is state.

The effect is the reference's, executed here on the case's own state; a candidate counts only if it
still fails, so a wrong effect costs an execution and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case, RewindStep
from lockstep.compare.post_state import post_state
from lockstep_ledger.model import Policy, State
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference.block import execute


def absorb_first(case: Case) -> Iterator[Case]:
    """Offer the case without its first block, then without each transaction of that block.

    A transaction is executed by itself before the block, whatever its place: of two senders the
    later one may be the one that only sets the stage.
    """
    if not case.steps or isinstance(case.steps[0], RewindStep):
        return
    first, *rest = case.steps
    assert isinstance(first, BlockStep)
    if not any(isinstance(step, RewindStep) for step in rest):
        yield replace(case, state=_after(case, first), steps=tuple(rest))
    intents = first.transactions
    for place, intent in enumerate(intents):
        alone = BlockStep((intent,), Policy.SKIP, advances_height=False)
        shorter = replace(first, transactions=intents[:place] + intents[place + 1 :])
        yield replace(case, state=_after(case, alone), steps=(shorter, *rest))


def _after(case: Case, step: BlockStep) -> State:
    outcome = execute(realise(step, case.scheme), MemoryStorage(case.state), SCHEMES[case.scheme])
    return post_state(case.state, outcome.changes)
