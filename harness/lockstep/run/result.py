"""What running a case on both sides gives: a run, its blocks, and how one fails.

Invariant: a run says everything that is told about it later; nobody runs the case again to tell it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lockstep.case.deviation import task_name
from lockstep.case.manner import Manner
from lockstep.foreign.text import shown
from lockstep.run.overlap import NONE_TOLD, Overlap
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_parallel.steps.drivers.scheduled import Pending

OUT_OF_REACH = "faults of storage that the executor does not read"
NOT_FORESEEN = "reads that fail: what must come of them, the reference alone can say"


@dataclass(frozen=True, slots=True)
class BlockRun:
    """One executed block: what the reference says, and what the executor said if it answered.

    ``actual`` and ``trace`` belong to the last of ``executions`` executions, which is the failing
    one if there is one; the trace is empty under real threads. Of an executor outside they belong
    to the first execution that failed, and ``manner`` says how that was asked for. On the
    sequential path there is no execution and no ``actual``. An ``own`` block was executed on a
    state that the executor had got wrong before.
    """

    ids: tuple[str, ...]
    block: Block
    before: State
    expected: Outcome
    expected_state: State
    actual: Outcome | None
    trace: tuple[Pending, ...]
    executions: int
    manner: Manner | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """How a case ended; ``step`` is the step that decided a verdict other than agree.

    ``not_compared`` says in words what the executor could not be asked for: of an unsupported run
    the reason, of any other what its verdict does not speak of. ``overlap`` is what the executor
    told of how parallel its executions were. ``further`` are the failures that were met after the
    first one, on the state that the executor itself had left: each as the run that would have ended
    with it.
    """

    verdict: Verdict
    differences: tuple[Difference, ...]
    blocks: tuple[BlockRun, ...]
    step: int | None = None
    not_compared: tuple[str, ...] = ()
    overlap: Overlap = NONE_TOLD
    further: tuple[Run, ...] = ()

    @property
    def executions(self) -> int:
        """Count the executions of blocks on the executor under test, up to the last failure."""
        blocks = self.further[-1].blocks if self.further else self.blocks
        return sum(block.executions for block in blocks)

    @property
    def failures(self) -> tuple[Run, ...]:
        """Return every failure of a failing run, the first one first."""
        return (replace(self, further=()), *self.further) if self.further else (self,)

    def why_unsupported(self) -> tuple[str, ...]:
        """Return the reasons of an unsupported run, in words."""
        return self.not_compared or tuple(
            f"{each.where}: {each.actual}" for each in self.differences
        )

    def trace(self) -> tuple[tuple[str, str], ...]:
        """Return every step of the last executions, as (transaction id, label)."""
        return tuple(
            (task_name(step.task, block.ids), step.operation.label)
            for block in self.blocks
            for step in block.trace
        )


@dataclass(frozen=True, slots=True)
class StepFailure:
    """Why a step of a case is not in order."""

    verdict: Verdict
    differences: tuple[Difference, ...]

    @classmethod
    def of(cls, verdict: Verdict, where: str, text: str) -> StepFailure:
        """Say what came of the executor instead of an outcome."""
        return cls(verdict, (Difference("executor", where, "an outcome", shown(text)),))

    def ends(self, blocks: tuple[BlockRun, ...], step: int | None) -> Run:
        """Return the run that this failure ended; what is unsupported differs in nothing."""
        if self.verdict is Verdict.UNSUPPORTED:
            reasons = tuple(f"{each.where}: {each.actual}" for each in self.differences)
            return Run(self.verdict, (), blocks, step, reasons)
        return Run(self.verdict, self.differences, blocks, step)
