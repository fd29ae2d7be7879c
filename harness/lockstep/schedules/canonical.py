"""The canonical schedule of a trace: few deviations whose execution is equivalent to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from lockstep.case.deviation import Deviation, Site, task_name
from lockstep.schedules.conflict import predecessors
from lockstep.schedules.deviations import site_of
from lockstep_parallel.steps.drivers.scheduled import Pending


def deviations_of(
    trace: Sequence[Pending], ids: Sequence[str], workers: int | None = None
) -> tuple[Deviation, ...]:
    """Return few deviations whose schedule is equivalent to ``trace``.

    Independent steps are commuted so that a task is left only where its next step depends on one
    that others have still to take, and no more than ``workers`` tasks are under way. A guarded step
    that waits for another in the trace is taken to be closed until then.
    """
    found: list[Deviation] = []
    counts: Counter[Site] = Counter()
    start = 0
    while start < len(trace):
        end = start
        while end < len(trace) and trace[end].round == trace[start].round:
            end += 1
        found += _Reordering(trace[start:end], ids, workers, counts).deviations()
        start = end
    return tuple(found)


class _Reordering:
    """One round's steps, taken again in an order as close to the default as its trace allows."""

    def __init__(
        self,
        steps: Sequence[Pending],
        ids: Sequence[str],
        workers: int | None,
        counts: Counter[Site],
    ) -> None:
        self._steps = steps
        self._ids = ids
        self._counts = counts
        self._queues: dict[int, list[int]] = {}
        for number, step in enumerate(steps):
            self._queues.setdefault(step.task, []).append(number)
        self._order = sorted(self._queues)
        self._workers = len(self._order) if workers is None else workers
        self._needs = predecessors(steps)
        if self._workers < len(self._order):
            self._keep_begins_after_ends()
        self._taken: set[int] = set()
        self._under_way: set[int] = set()

    def deviations(self) -> Iterator[Deviation]:
        """Take all steps; yield where the default has to be left."""
        current: int | None = None
        while waiting := [task for task in self._order if self._queues[task]]:
            offered = [task for task in waiting if self._is_offered(task)]
            default = current if current in offered else offered[0]
            assert default is not None
            current = default
            if not self._is_ready(default):
                current = next(task for task in waiting if self._is_ready(task))
                site = self._site(default)
                yield Deviation((*site, self._counts[site] + 1), task_name(current, self._ids))
            self._take(current)

    def _keep_begins_after_ends(self) -> None:
        """Let a task begin only when those have ended that had ended when it began.

        That is enough for never more tasks to be under way than in the trace.
        """
        ended: list[int] = []
        begun: set[int] = set()
        for number, step in enumerate(self._steps):
            if step.task not in begun:
                begun.add(step.task)
                self._needs[number] = [*self._needs[number], *ended]
            if self._queues[step.task][-1] == number:
                ended.append(number)

    def _is_ready(self, task: int) -> bool:
        queue = self._queues[task]
        return bool(queue) and self._taken.issuperset(self._needs[queue[0]])

    def _is_offered(self, task: int) -> bool:
        """Tell whether the driver would offer the task's next step, ready or not."""
        if task not in self._under_way and len(self._under_way) >= self._workers:
            return False
        guarded = self._steps[self._queues[task][0]].operation.guard is not None
        return not guarded or self._is_ready(task)

    def _take(self, task: int) -> None:
        self._counts[self._site(task)] += 1
        self._taken.add(self._queues[task].pop(0))
        if self._queues[task]:
            self._under_way.add(task)
        else:
            self._under_way.discard(task)

    def _site(self, task: int) -> Site:
        return site_of(self._steps[self._queues[task][0]], self._ids)
