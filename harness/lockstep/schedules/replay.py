"""Replay of a trace: takes the recorded steps again, in the recorded order.

Invariant: as long as the executor announces what it announced then, the run is the recorded one;
``misfits`` counts the recorded steps that were not on offer and were passed over. A step that the
recording does not know is taken when its task's next recorded step is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from lockstep.case.deviation import task_name
from lockstep_parallel.steps.drivers.scheduled import Pending


class FollowTrace:
    """Takes ``steps``, (transaction id, label) each; lowest first when they are used up."""

    __slots__ = ("_ids", "_next", "_steps", "misfits")

    def __init__(self, steps: Sequence[tuple[str, str]], ids: Sequence[str]) -> None:
        self._steps = steps
        self._ids = ids
        self._next = 0
        self.misfits = 0

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        while self._next < len(self._steps):
            task, label = self._steps[self._next]
            for position, pending in enumerate(runnable):
                if task_name(pending.task, self._ids) != task:
                    continue
                if pending.operation.label == label:
                    self._next += 1
                    return position
                if not self._comes_later(task, pending.operation.label):
                    return position
            self._next += 1
            self.misfits += 1
        return 0

    def _comes_later(self, task: str, label: str) -> bool:
        return (task, label) in islice(self._steps, self._next + 1, None)


def follow_trace(trace: Sequence[tuple[str, str]], ids: Sequence[str]) -> FollowTrace:
    """Replay in one block what a recorded ``trace`` has of its transactions, and of workers."""
    mine = [step for step in trace if step[0] in ids or step[0].startswith("w")]
    return FollowTrace(mine, ids)
