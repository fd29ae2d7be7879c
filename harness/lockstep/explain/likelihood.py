"""How likely the failure had become at each step of a failing run.

Invariant: the same run and number of continuations give the same shares; every random walk has a
stream of its own that depends on the step it starts from and its number alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from lockstep.case.values import Case
from lockstep.explain.observe import ObservedBlock
from lockstep.schedules.conflict import contested, is_contested
from lockstep.schedules.random_walk import RandomWalk
from lockstep.shrink.same_failure import SameFailure
from lockstep.streams import stream
from lockstep.targets.steered import SteeredLane
from lockstep_parallel.steps.drivers.scheduled import Choose, Pending, lowest_first

MOST_STEPS = 20
"""Around how many contested steps it is measured at most, evenly spread over a longer run."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The share of continuations that fail when the first ``steps`` steps are as in the run."""

    steps: int
    share: float


@dataclass(frozen=True, slots=True)
class Jump:
    """The step that made the failure most likely: the shares right before and right after it."""

    step: int
    before: float
    after: float


def likelihoods(
    lane: SteeredLane, case: Case, block: int, seen: ObservedBlock, same: SameFailure, count: int
) -> tuple[Likelihood, ...]:
    """Return the share at the start of block number ``block`` and around its contested steps.

    ``seen`` is the failing execution of that block; the blocks before it run sequentially.
    """
    found = []
    for steps in _prefixes(seen.trace):
        failing = 0
        for number in range(count):
            random = stream("explain", "continuation", steps, number)
            choosing = _InBlock(block, Continuation(seen.trace[:steps], random))
            failing += same.recognises(lane.run_once(case, choosing))
        found.append(Likelihood(steps, failing / count))
    return tuple(found)


def greatest_jump(shares: Sequence[Likelihood]) -> Jump | None:
    """Return the step at which the share grew most, the earliest of equals; None if it never did.

    Only steps with a share right before them count.
    """
    jumps = [
        Jump(left.steps, left.share, right.share)
        for left, right in pairwise(shares)
        if right.steps == left.steps + 1 and right.share > left.share
    ]
    return max(jumps, key=lambda jump: jump.after - jump.before, default=None)


def _prefixes(trace: Sequence[Pending]) -> list[int]:
    """Return the lengths to measure: right before and right after every contested step."""
    locations = contested(trace)
    steps = [number for number, step in enumerate(trace) if is_contested(step, locations)]
    if len(steps) > MOST_STEPS:
        last = len(steps) - 1
        steps = [steps[number * last // (MOST_STEPS - 1)] for number in range(MOST_STEPS)]
    return sorted({0, *steps, *(number + 1 for number in steps)})


class Continuation:
    """Takes the steps of a prefix as long as they are on offer, then walks at random."""

    __slots__ = ("_next", "_prefix", "_walk")

    def __init__(self, prefix: Sequence[Pending], random: Random) -> None:
        self._prefix = prefix
        self._next = 0
        self._walk = RandomWalk(random)

    def __call__(self, runnable: Sequence[Pending]) -> int:
        """Pick the position of the next step."""
        if self._next < len(self._prefix):
            wanted = self._prefix[self._next]
            self._next += 1
            for position, each in enumerate(runnable):
                if (each.task, each.operation.label) == (wanted.task, wanted.operation.label):
                    return position
            self._next = len(self._prefix)
        return self._walk(runnable)


class _InBlock:
    """Gives ``choose`` to the block of one number, the sequential order to the others."""

    def __init__(self, block: int, choose: Choose) -> None:
        self._block = block
        self._choose = choose
        self._blocks = 0

    def __call__(self, _ids: tuple[str, ...]) -> Choose:
        self._blocks += 1
        return self._choose if self._blocks == self._block + 1 else lowest_first
