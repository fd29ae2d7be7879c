"""Exhaustive search: one execution for every trace, by dynamic partial-order reduction.

Source sets and sleep sets over key-level dependency: Abdulla, Aronsson, Jonsson and Sagonas, POPL
2014; the treatment of guarded steps follows Flanagan and Godefroid, POPL 2005. Two executions are
of the same trace if they differ only in the order of independent steps.

Invariant: no two finished executions are of the same trace, and when the search ends every trace
has been executed, unless it was ``limited``. It is sound only if steps touch nothing that they did
not announce, which the audit checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from lockstep.schedules.conflict import dependent
from lockstep_parallel.steps.drivers.scheduled import Pending
from lockstep_parallel.steps.ops import Operation


class Redundant(BaseException):
    """Ends an execution that can only repeat a trace; no executor may swallow it."""


@dataclass(slots=True)
class _Node:
    """A choice point: what could run, what was or will be tried, what need not be."""

    runnable: dict[int, Pending]
    sleep: dict[int, Operation]
    chosen: int = -1
    backtrack: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)


class Exhaustive:
    """Drives executions until all traces were seen.

    Use: ``for choose in search.executions()``, executing once under each ``choose``; an execution
    that raises ``Redundant`` counts in ``redundant``, any other in ``finished``. ``random`` orders
    the choices, the lowest task first without it. ``ended`` tells that no trace is left to try;
    ``limited`` that a task could not begin because too many others were under way: when tasks begin
    is no race between steps, so traces may be missing.
    """

    def __init__(self, random: Random | None = None) -> None:
        self.finished = 0
        self.redundant = 0
        self.ended = False
        self.limited = False
        self._random = random
        self._stack: list[_Node] = []
        self._past = _Past()
        self._known = 0
        self._depth = 0
        self._pruned = False

    def executions(self) -> Iterator[Exhaustive]:
        """Give ``self`` as the ``choose`` of one more execution until no trace is left."""
        while True:
            self._depth, self._pruned = 0, False
            yield self
            if self._pruned:
                self.redundant += 1
            else:
                self.finished += 1
            assert self._depth == len(self._stack) or self._pruned, "a replayed run was shorter"
            self._find_races()
            if not self._next_branch():
                self.ended = True
                return

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step: repeat the known prefix, then extend it."""
        if self._depth == len(self._stack):
            self._extend(runnable)
        node = self._stack[self._depth]
        self._depth += 1
        for position, pending in enumerate(runnable):
            if pending.task == node.chosen:
                return position
        raise AssertionError("the executor is not deterministic: a known step is not on offer")

    def _extend(self, runnable: Sequence[Pending]) -> None:
        node = _Node({pending.task: pending for pending in runnable}, self._inherited_sleep())
        self.limited = self.limited or self._holds_back(node)
        awake = [task for task in node.runnable if task not in node.sleep]
        if not awake:
            self._pruned = True
            raise Redundant
        node.chosen = awake[0] if self._random is None else self._random.choice(awake)
        node.backtrack.add(node.chosen)
        self._stack.append(node)

    def _holds_back(self, node: _Node) -> bool:
        """Tell whether a step that was on offer is not any more; one that has begun stays."""
        above = self._stack[-1] if self._stack else node
        taken = above.runnable.get(above.chosen)
        return any(
            task not in node.runnable and pending.operation.guard is None
            for task, pending in above.runnable.items()
            if taken is not None and task != taken.task
        )

    def _inherited_sleep(self) -> dict[int, Operation]:
        if not self._stack:
            return {}
        above = self._stack[-1]
        taken = above.runnable[above.chosen]
        asleep = dict(above.sleep)
        asleep.update(
            (task, above.runnable[task].operation) for task in above.done if task != above.chosen
        )
        return {
            task: operation
            for task, operation in asleep.items()
            if task != above.chosen and not dependent(operation, taken.operation)
        }

    def _next_branch(self) -> bool:
        while self._stack:
            node = self._stack[-1]
            node.done.add(node.chosen)
            open_tasks = sorted(node.backtrack - node.done - node.sleep.keys())
            if open_tasks:
                node.chosen = (
                    open_tasks[0] if self._random is None else self._random.choice(open_tasks)
                )
                self._known = len(self._stack) - 1
                return True
            self._stack.pop()
        return False

    def _find_races(self) -> None:
        """Add, for every race of the new part of the execution, a task that may reverse it."""
        steps = [node.runnable[node.chosen] for node in self._stack]
        self._past.keep(self._known)
        for later in range(self._known, len(steps)):
            step = steps[later]
            for earlier in self._past.add(later, steps):
                self._reverse(earlier, later, steps)
            if step.operation.guard is not None:
                self._reverse_guarded(later, step, steps)

    def _reverse(self, earlier: int, later: int, steps: Sequence[Pending]) -> None:
        unaffected = [
            number for number in range(earlier + 1, later) if not self._past.before(earlier, number)
        ]
        initials = self._past.initials([*unaffected, later], steps)
        node = self._stack[earlier]
        if not initials & node.backtrack:
            possible = sorted(initials & node.runnable.keys()) or sorted(node.runnable)
            node.backtrack.add(possible[0])

    def _reverse_guarded(self, later: int, step: Pending, steps: Sequence[Pending]) -> None:
        """Try a guarded step wherever it could have been taken before a step it depends on."""
        for earlier in range(later - 1, -1, -1):
            other = steps[earlier]
            if other.round != step.round or other.task == step.task:
                return
            node = self._stack[earlier]
            if step.task in node.runnable and dependent(other.operation, step.operation):
                node.backtrack.add(step.task)


class _Past:
    """Happens-before of an execution: for every step a bit set of the steps it must follow."""

    def __init__(self) -> None:
        self._masks: list[int] = []

    def keep(self, count: int) -> None:
        """Forget all but the first ``count`` steps."""
        del self._masks[count:]

    def before(self, earlier: int, later: int) -> bool:
        """Tell whether step ``earlier`` happens before step ``later``."""
        return bool(self._masks[later] >> earlier & 1)

    def add(self, later: int, steps: Sequence[Pending]) -> list[int]:
        """Add step ``later`` and return the earlier steps that race with it, newest first."""
        step = steps[later]
        covered = 0
        found = []
        for earlier in range(later - 1, -1, -1):
            other = steps[earlier]
            if other.round != step.round:
                break
            if covered >> earlier & 1:
                continue
            if other.task == step.task:
                covered |= self._masks[earlier] | 1 << earlier
            elif dependent(other.operation, step.operation):
                found.append(earlier)
                covered |= self._masks[earlier] | 1 << earlier
        self._masks.append(covered)
        own = self._own_past(later, steps)
        return [earlier for earlier in found if not own >> earlier & 1]

    def initials(self, numbers: Sequence[int], steps: Sequence[Pending]) -> set[int]:
        """Return the tasks whose first step among ``numbers`` need not follow another of them."""
        found: set[int] = set()
        seen: set[int] = set()
        before = 0
        for number in numbers:
            task = steps[number].task
            if task not in seen:
                seen.add(task)
                if not self._masks[number] & before:
                    found.add(task)
            before |= 1 << number
        return found

    def _own_past(self, later: int, steps: Sequence[Pending]) -> int:
        for earlier in range(later - 1, -1, -1):
            if steps[earlier].task == steps[later].task:
                return self._masks[earlier] | 1 << earlier
        return 0
