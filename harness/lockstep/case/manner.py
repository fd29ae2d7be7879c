"""How an outside executor is asked to execute a block: path, workers, schedule.

It stands where a driver stands for an executor of ours: the executor's tasks are its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from lockstep_parallel.steps.drivers.protocol import Crash, Task

T = TypeVar("T")

PARALLEL, SEQUENTIAL = "parallel", "sequential"


@dataclass(frozen=True, slots=True)
class Manner:
    """One way to execute a block. At most one of ``seed`` and ``trace`` is given."""

    mode: str = PARALLEL
    workers: int = 4
    seed: int | None = None
    trace: tuple[str, ...] | None = None

    def run(self, tasks: Sequence[Task[T]], workers: int) -> list[T | Crash]:
        """Refuse: an outside executor runs its own tasks."""
        raise AssertionError(f"{len(tasks)} tasks for {workers} workers given to {self}")

    def __str__(self) -> str:
        if self.mode == SEQUENTIAL:
            return SEQUENTIAL
        words = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        if self.seed is not None:
            words += f", seed {self.seed}"
        return words + (", its own trace" if self.trace is not None else "")
