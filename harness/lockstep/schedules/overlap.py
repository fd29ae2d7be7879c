"""Whether tasks ran side by side: not that both were under way, but that neither had to wait."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, groupby

from lockstep.schedules.conflict import dependent
from lockstep_parallel.steps.drivers.scheduled import Pending


def overlaps(trace: Sequence[Pending]) -> bool:
    """Tell whether two tasks of one round ran of which neither waits for the end of the other.

    One waits if even its first step must follow the other's last, by what steps announce.
    """
    return any(_overlaps(list(steps)) for _, steps in groupby(trace, lambda step: step.round))


def _overlaps(steps: list[Pending]) -> bool:
    ends: dict[int, list[int]] = {}
    for number, step in enumerate(steps):
        ends.setdefault(step.task, []).append(number)
    if len(ends) < 2:
        return False
    before = _befores(steps)
    return any(
        not before[right[0]] >> left[-1] & 1 and not before[left[0]] >> right[-1] & 1
        for left, right in combinations(ends.values(), 2)
    )


def _befores(steps: list[Pending]) -> list[int]:
    """Return for every step a bit set of the steps that it must follow."""
    found: list[int] = []
    for later, step in enumerate(steps):
        mask = 0
        for earlier in range(later - 1, -1, -1):
            other = steps[earlier]
            if not mask >> earlier & 1 and (
                other.task == step.task or dependent(other.operation, step.operation)
            ):
                mask |= found[earlier] | 1 << earlier
        found.append(mask)
    return found
