"""Asks what is under test for the outcome of a block, and to merge it, whatever it does instead.

Invariant: what comes of it is an outcome or a failure; only an interrupt and a fault of the harness
itself go on as exceptions.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from lockstep.case.judging import EXACTLY, Judging
from lockstep.compare.invariants import broken_invariants
from lockstep.compare.left_out import without_left_out
from lockstep.compare.outcomes import compare_outcomes, well_typed
from lockstep.faults import HarnessFault
from lockstep.foreign.text import error_text
from lockstep.run.result import StepFailure
from lockstep.run.watchdog import TimeOver
from lockstep.schedules.dpor import Redundant
from lockstep.undisturbed import was_asked
from lockstep.verdict import NoOutcome, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.steps.drivers.protocol import Hang

W = TypeVar("W")
"""A way in which a block is executed: a driver, or a manner."""


class Asked(Protocol[W]):
    """What a session asks; ``reads_storage`` tells whether faults of the storage can reach it."""

    @property
    def reads_storage(self) -> bool:
        """Tell whether it reads the state from the storage."""
        ...

    def plain(self) -> W:
        """Return the plainest way to execute a block."""
        ...

    def execute(self, block: Block, before: State, reader: Reader, way: W, /) -> Outcome:
        """Execute ``block`` on ``before``, which ``reader`` reads."""
        ...

    def merge(self, changes: Changes, storage: Storage, topoheight: int, /) -> None:
        """Write the changes of a block, all or nothing."""
        ...


def ask(
    asked: Asked[W], block: Block, before: State, reader: Reader, way: W
) -> tuple[Outcome | None, StepFailure | None]:
    """Return what is answered for ``block`` on ``before``, or why that is no outcome."""
    try:
        answer: object = asked.execute(block, before, reader, way)
    except (Redundant, TimeOver, HarnessFault):
        raise
    except NoOutcome as error:
        return None, StepFailure(error.verdict, error.differences)
    except Hang as error:
        return None, StepFailure.of(Verdict.HANG, "hang", error_text(error))
    except BaseException as error:
        if was_asked(error):
            raise
        return None, StepFailure.of(Verdict.CRASH, type(error).__name__, error_text(error))
    if not isinstance(answer, Outcome):
        return None, StepFailure.of(Verdict.PROTOCOL_ERROR, "answer", f"a {type(answer).__name__}")
    return answer, None


def ask_to_merge(
    asked: Asked[W], changes: Changes, storage: Storage, topoheight: int
) -> StepFailure | None:
    """Have ``changes`` merged, and return what went wrong."""
    try:
        asked.merge(changes, storage, topoheight)
    except (TimeOver, HarnessFault):
        raise
    except NoOutcome as error:
        return StepFailure(error.verdict, error.differences)
    except Hang as error:
        return StepFailure.of(Verdict.HANG, "merge hang", error_text(error))
    except BaseException as error:
        if was_asked(error):
            raise
        return StepFailure.of(Verdict.CRASH, f"merge {type(error).__name__}", error_text(error))
    return None


def judge(
    block: Block, before: State, expected: Outcome, actual: Outcome, judging: Judging = EXACTLY
) -> StepFailure | None:
    """Hold an outcome against the expected one, then against what no outcome may break."""
    told, _ = without_left_out(expected, actual, judging)
    differences = compare_outcomes(expected, told)
    if actual.faults:
        return StepFailure(Verdict.CRASH, differences)
    if differences:
        return StepFailure(Verdict.DIVERGE, differences)
    broken = broken_invariants(block, before, actual, judging)
    return StepFailure(Verdict.INVARIANT, broken) if broken else None


def alike(one: Outcome, other: Outcome, judging: Judging) -> bool:
    """Tell whether two outcomes are the same as far as they are compared."""
    if one == other or not well_typed(one):
        return one == other
    return not compare_outcomes(one, without_left_out(one, other, judging)[0])
