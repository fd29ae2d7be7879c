"""One sentence on two steps whose exchange alone gave another outcome: what each of them touched.

Invariant: what is said to change was seen to change, in the order in which the case agrees. That
the other step reads it follows, for the exchange had an effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from lockstep.case.deviation import task_name
from lockstep.case.values import Case
from lockstep.explain.shared import Place, SharedPlaces
from lockstep.schedules.deviations import place_of
from lockstep.schedules.exchange import FollowOrder
from lockstep.targets.exchanged import Blamed
from lockstep.targets.steered import STEP_LIMIT, SteeredLane
from lockstep_parallel.steps.drivers.protocol import Crash, Driver, Task
from lockstep_parallel.steps.drivers.scheduled import Pending, Scheduled
from lockstep_parallel.steps.ops import Kind

T = TypeVar("T")
SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Did:
    """A step, in words, and what it changed of what both tasks reach."""

    step: Pending
    task: str
    changed: tuple[Place, ...]

    def __str__(self) -> str:
        place = place_of(self.step.operation)
        where = f"{self.step.operation.label} {place}" if place else self.step.operation.label
        return f"{self.task} after its step {where}"

    def announces(self, place: Place) -> bool:
        return place.location is not None and place.location in self.step.operation.keys

    def silently(self) -> list[Place]:
        """Return what it changed and did not announce; all of it if it announced everything."""
        return [each for each in self.changed if not self.announces(each)] or [*self.changed]


def unannounced_sentence(lane: SteeredLane, case: Case, blamed: Blamed) -> str:
    """Say which two steps do not commute, and what each touched that it does not announce."""
    left, right = _looked_at(lane, case, blamed)
    told = f"{left} and {right} do not commute"
    both = [each for each in left.changed if each in right.changed]
    if both:
        return f"{told}: both change {_listed(both)}, {_silent(both, left, right)}"
    for one, other in sorted(((left, right), (right, left)), key=lambda each: _is_open(each[0])):
        changed = one.silently()
        changed = [each for each in changed if other.announces(each)] or changed
        if changed:
            reads = "it" if len(changed) == 1 else "some of that"
            silent = _silent(changed, one, other)
            changes = f"{one.task} changes {_listed(changed)}"
            return f"{told}: {changes}, and {other.task} reads {reads}, {silent}"
    return f"{told}, by something that neither task's variables lead to"


def _is_open(did: _Did) -> bool:
    """Tell whether a step announced all that it changed: then the fault is rather the other's."""
    return all(map(did.announces, did.changed))


def _listed(places: Sequence[Place]) -> str:
    texts = list(dict.fromkeys(each.text for each in places))
    more = [f"{len(texts) - SHOWN} more"] if len(texts) > SHOWN else []
    *first, last = (*texts[:SHOWN], *more)
    return f"{', '.join(first)} and {last}" if first else last


def _silent(places: Sequence[Place], one: _Did, other: _Did) -> str:
    """Say who does not announce what both touch."""
    silent = [did for did in (one, other) if not all(map(did.announces, places))]
    if len(silent) == 1:
        return f"which {silent[0].task} does not announce"
    return "which neither announces"


def _looked_at(lane: SteeredLane, case: Case, blamed: Blamed) -> tuple[_Did, _Did]:
    """Run ``case`` in both orders, and look around the two steps in each.

    What a step writes over with the same value shows in the other order.
    """
    left, right = blamed.pair
    steps = list(blamed.orders[blamed.block])
    steps[blamed.at : blamed.at + 2] = right, left
    orders = list(blamed.orders)
    orders[blamed.block] = tuple(steps)
    here = _looking(lane, case, blamed)
    there = _looking(lane, case, replace(blamed, orders=tuple(orders)))
    return _did(left, here, there), _did(right, here, there)


def _did(step: Pending, *runs: _Looking) -> _Did:
    changed = [place for run in runs for place in _told(step, run.changes.get(step.task, []))]
    return _Did(step, task_name(step.task, runs[0].ids), tuple(dict.fromkeys(changed)))


def _looking(lane: SteeredLane, case: Case, blamed: Blamed) -> _Looking:
    """Run every block of ``case`` in its order; return what drove the one with the two steps."""
    drivers: list[_Looking] = []

    def ways(ids: tuple[str, ...]) -> Iterator[Driver]:
        number = len(drivers)
        drivers.append(_Looking(blamed, number, ids))
        yield drivers[-1]

    lane.run(case, ways)
    # An executor that does not repeat itself may fail in an earlier block: then nothing was seen.
    return drivers[min(blamed.block, len(drivers) - 1)]


def _told(step: Pending, changed: Sequence[Place]) -> tuple[Place, ...]:
    """Leave out what a step that only reads keeps of what it names: it stands below anyway."""
    if step.operation.kind is not Kind.READ:
        return tuple(changed)
    named = {part for key in step.operation.keys for part in key[1:]}
    return tuple(each for each in changed if each.entry is None or each.entry not in named)


class _Looking(Scheduled):
    """Follows the order of a block, and sees what each of the two steps changes if it has them.

    ``changes`` are by task.
    """

    def __init__(self, blamed: Blamed, block: int, ids: tuple[str, ...]) -> None:
        super().__init__(self._choose, STEP_LIMIT)
        self.ids = ids
        self.changes: dict[int, list[Place]] = {}
        self._follow = FollowOrder(blamed.orders[block])
        self._at = blamed.at if block == blamed.block else None
        self._left, self._right = (each.task for each in blamed.pair)
        self._bodies: dict[int, object] = {}
        self._shared: SharedPlaces | None = None

    def run(self, tasks: Sequence[Task[T]], workers: int) -> list[T | Crash]:
        """Run ``tasks``, and look once more where the last step was one of the two."""
        self._bodies = {task.index: task.body for task in tasks}
        try:
            return super().run(tasks, workers)
        finally:
            self._look()

    def _choose(self, runnable: Sequence[Pending]) -> int:
        self._look()
        if len(self.trace) == self._at:
            self._shared = SharedPlaces(self._bodies[self._left], self._bodies[self._right])
        return self._follow(runnable)

    def _look(self) -> None:
        if self._shared is not None and len(self.changes) < 2:
            self.changes[self.trace[-1].task] = self._shared.changed()
