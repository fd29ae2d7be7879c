"""Other orders of the same trace: steps taken for independent are exchanged, nothing else is.

What a step announces decides which steps are independent. Where an executor touches more than it
announces, two orders of one trace may end otherwise, and no search that executes a trace once can
see it. Invariant: every order keeps each task's own steps in order, and every two steps that depend
on each other; so an executor whose announcements are true cannot tell it from the trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import TypeAlias

from lockstep.schedules.conflict import dependent, predecessors
from lockstep.schedules.dpor import Redundant
from lockstep.schedules.sequential import sequential_order
from lockstep_parallel.steps.drivers.scheduled import Choose, Pending
from lockstep_parallel.steps.ops import Operation

Steps: TypeAlias = tuple[Pending, ...]

MOST_ORDERS = 64
"""Orders of one trace at most."""


def is_exchangeable(steps: Sequence[Pending]) -> bool:
    """Tell whether two neighbouring steps are independent: then there is another order."""
    return any(
        left.round == right.round
        and left.task != right.task
        and not dependent(left.operation, right.operation)
        for left, right in pairwise(steps)
    )


def other_orders(steps: Steps, workers: int, number: int | None = None) -> Iterator[Steps]:
    """Give orders of the trace ``steps`` in which at most ``workers`` tasks are under way.

    The one that takes the highest task first, the one in which the tasks take turns, and those in
    which one task pauses until the others have ended: all of them or, to spread them over many
    traces, the one of this ``number``.
    """
    if not is_exchangeable(steps):
        return
    pauses = [
        (task, taken)
        for task in sorted({step.task for step in steps})
        for taken in range(1, sum(step.task == task for step in steps))
    ]
    if number is not None and pauses:
        pauses = [pauses[number % len(pauses)]]
    chosen: list[Choose] = [_highest_first, _Turns(), *(_Pausing(*each) for each in pauses)]
    given = {steps}
    for choose in islice(chosen, MOST_ORDERS):
        order = _Reordering(steps, workers).taken(choose)
        if order not in given:
            given.add(order)
            yield order


class _Reordering:
    """Takes the steps of a trace again, in any order that the trace allows."""

    def __init__(self, steps: Steps, workers: int) -> None:
        self._steps = steps
        self._workers = workers
        self._needs = predecessors(steps)
        self._queues: dict[tuple[int, int], list[int]] = {}
        for number, step in enumerate(steps):
            self._queues.setdefault((step.round, step.task), []).append(number)
        self._left = set(range(len(steps)))
        self._begun: set[tuple[int, int]] = set()

    def taken(self, choose: Choose) -> Steps:
        """Take all of them as ``choose`` picks; in the order of the trace where all are stuck."""
        order: list[Pending] = []
        while self._left:
            ready = self._ready(self._steps[min(self._left)].round)
            number = ready[choose([self._steps[each] for each in ready])]
            step = self._steps[number]
            self._left.discard(number)
            self._begun.add((step.round, step.task))
            self._queues[step.round, step.task].pop(0)
            order.append(step)
        return tuple(order)

    def _ready(self, this_round: int) -> list[int]:
        """Return the steps that may be the next one of a round, in task order."""
        waiting = [
            (task, queue[0])
            for (number, task), queue in sorted(self._queues.items())
            if number == this_round and queue
        ]
        begun = {task for task, _ in waiting if (this_round, task) in self._begun}
        full = len(begun) >= self._workers
        free = [
            step
            for task, step in waiting
            if self._left.isdisjoint(self._needs[step]) and (not full or task in begun)
        ]
        return free or [min(self._left)]


def _highest_first(ready: Sequence[Pending]) -> int:
    return len(ready) - 1


class _Turns:
    """After a step of one task, the next task that can go on."""

    def __init__(self) -> None:
        self._last = -1

    def __call__(self, ready: Sequence[Pending]) -> int:
        later = (at for at, each in enumerate(ready) if each.task > self._last)
        position = next(later, 0)
        self._last = ready[position].task
        return position


class _Pausing:
    """Lowest first, but ``task`` pauses after so many steps until no other can go on."""

    def __init__(self, task: int, steps: int) -> None:
        self._task = task
        self._left = steps

    def __call__(self, ready: Sequence[Pending]) -> int:
        others = [at for at, each in enumerate(ready) if each.task != self._task]
        own = [at for at, each in enumerate(ready) if each.task == self._task]
        if own and (self._left > 0 or not others):
            self._left -= 1
            return own[0]
        return others[0]


class FollowOrder:
    """Takes the steps of an ``order``; ``strayed`` tells whether a task announced another step.

    Raises ``Redundant`` where a task of the order cannot go on: then the order tells nothing.
    """

    __slots__ = ("_next", "_order", "strayed")

    def __init__(self, order: Steps) -> None:
        self._order = order
        self._next = 0
        self.strayed = False

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step; the sequential order once it has strayed."""
        if self._next == len(self._order):
            self.strayed = True
        if self.strayed:
            return sequential_order(runnable)
        wanted = self._order[self._next]
        self._next += 1
        for position, pending in enumerate(runnable):
            if pending.task == wanted.task and pending.round == wanted.round:
                self.strayed = _named(pending.operation) != _named(wanted.operation)
                return position
        raise Redundant


def _named(operation: Operation) -> tuple[object, ...]:
    return operation.kind, operation.label, frozenset(operation.keys)


def exchanges_between(first: Steps, last: Steps) -> list[tuple[int, int]]:
    """Return the neighbours to exchange, one pair after another, to come from one order to another.

    A pair are positions in ``first``. All orders in between are orders of the same trace.
    """
    at = {id(step): place for place, step in enumerate(last)}
    places = [at[id(step)] for step in first]
    order = list(range(len(first)))
    found: list[tuple[int, int]] = []
    for position in range(1, len(order)):
        while position and places[order[position]] < places[order[position - 1]]:
            found.append((order[position - 1], order[position]))
            order[position - 1], order[position] = order[position], order[position - 1]
            position -= 1
    return found


def exchanged(first: Steps, exchanges: Sequence[tuple[int, int]]) -> Steps:
    """Return ``first`` after some of ``exchanges_between`` it and another order."""
    order = list(range(len(first)))
    for pair in exchanges:
        position = order.index(pair[0])
        assert order[position + 1] == pair[1], "only neighbours are exchanged"
        order[position], order[position + 1] = pair[1], pair[0]
    return tuple(first[each] for each in order)
