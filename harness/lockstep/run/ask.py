"""Asks an executor for the outcome of a block, and to merge it, whatever it does instead.

Invariant: what comes of the executor is an outcome or a failure; only an interrupt and a fault of
the harness itself go on as exceptions.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from lockstep.compare.invariants import broken_invariants
from lockstep.compare.outcomes import compare_outcomes
from lockstep.faults import HarnessFault
from lockstep.run.result import Failure
from lockstep.schedules.dpor import Redundant
from lockstep.verdict import NoOutcome, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.storage.protocol import Reader, Storage
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.protocol import Driver, Hang


@runtime_checkable
class Holding(Protocol):
    """An executor that holds the state itself and is told which one a block starts from."""

    def hold(self, before: State) -> None:
        """Name the state on which the next block is executed."""
        ...


def ask(
    executor: Executor, block: Block, before: State, driver: Driver, reader: Reader
) -> tuple[Outcome | None, Failure | None]:
    """Return what ``executor`` answers for ``block`` on ``before``, or why that is no outcome."""
    try:
        if isinstance(executor, Holding):
            executor.hold(before)
        answer: object = executor.execute(block, reader, driver)
    except (Redundant, KeyboardInterrupt, HarnessFault):
        raise
    except NoOutcome as error:
        return None, Failure(error.verdict, error.differences)
    except Hang as error:
        return None, Failure.of(Verdict.HANG, "hang", str(error))
    except BaseException as error:
        return None, Failure.of(Verdict.CRASH, type(error).__name__, str(error))
    if not isinstance(answer, Outcome):
        return None, Failure.of(Verdict.PROTOCOL_ERROR, "answer", f"a {type(answer).__name__}")
    return answer, None


def ask_to_merge(
    executor: Executor, changes: Changes, storage: Storage, topoheight: int
) -> Failure | None:
    """Let ``executor`` merge, and return what it did wrong."""
    try:
        executor.merge(changes, storage, topoheight)
    except (KeyboardInterrupt, HarnessFault):
        raise
    except NoOutcome as error:
        return Failure(error.verdict, error.differences)
    except BaseException as error:
        return Failure.of(Verdict.CRASH, f"merge {type(error).__name__}", str(error))
    return None


def judge(block: Block, before: State, expected: Outcome, actual: Outcome) -> Failure | None:
    """Hold an outcome against the expected one, then against what no outcome may break."""
    differences = compare_outcomes(expected, actual)
    if actual.faults:
        return Failure(Verdict.CRASH, differences)
    if differences:
        return Failure(Verdict.DIVERGE, differences)
    broken = broken_invariants(block, before, actual)
    return Failure(Verdict.INVARIANT, broken) if broken else None
