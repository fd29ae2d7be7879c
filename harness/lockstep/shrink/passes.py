"""The passes of the shrinker in their order: each offers simpler neighbours, the boldest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from lockstep.case.values import Case
from lockstep.shrink.absorb import absorb_first
from lockstep.shrink.numbers import lower_numbers, lower_tied_numbers
from lockstep.shrink.simplicity import lower_nonces, simplify_intents
from lockstep.shrink.structure import (
    drop_accounts,
    drop_configurations,
    drop_outputs,
    drop_retries,
    drop_steps,
    drop_terms,
    drop_transactions,
)

Pass: TypeAlias = Callable[[Case], Iterator[Case]]

PASSES: tuple[Pass, ...] = (
    drop_steps,
    drop_transactions,
    absorb_first,
    drop_retries,
    drop_terms,
    drop_outputs,
    simplify_intents,
    drop_configurations,
    drop_accounts,
    lower_nonces,
    lower_numbers,
    lower_tied_numbers,
)
