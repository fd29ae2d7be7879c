"""Runs an agreeing case again with independent steps exchanged: the outcomes must be the same.

Invariant: a failure told from here names two neighbouring steps of different tasks that depend on
each other by nothing that they announce, and whose exchange alone gave another outcome, while the
first order gave the first outcome again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TypeAlias

from lockstep.case.deviation import task_name
from lockstep.case.judging import EXACTLY, Judging
from lockstep.case.values import Case
from lockstep.run.ask import alike
from lockstep.run.result import Run
from lockstep.schedules.deviations import place_of
from lockstep.schedules.exchange import (
    FollowOrder,
    Steps,
    exchanged,
    exchanges_between,
    other_orders,
)
from lockstep.verdict import Difference, Verdict
from lockstep_parallel.steps.drivers.scheduled import Choose, Pending

RunOnce: TypeAlias = Callable[[Case, Callable[[tuple[str, ...]], Choose]], Run]
"""Runs every block of a case once, under the ``choose`` that is given for its ids."""


@dataclass(frozen=True, slots=True)
class Blamed:
    """Two steps whose exchange alone gives another outcome.

    ``orders`` are those of all blocks in which the outcome is the first one; in that of ``block``
    the two stand ``at`` this place and the next.
    """

    orders: tuple[Steps, ...]
    block: int
    at: int

    @property
    def pair(self) -> tuple[Pending, Pending]:
        """The two steps."""
        steps = self.orders[self.block]
        return steps[self.at], steps[self.at + 1]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """How many other orders were executed; ``failing`` is the run of one with another outcome.

    ``blamed`` are the two steps that it takes, if there is one. ``executions`` counts those of
    blocks, also the ones that it took to find the two.
    """

    orders: int = 0
    failing: Run | None = None
    blamed: Blamed | None = None
    executions: int = 0


NONE_EXCHANGED = Exchanged()


def run_exchanged(
    run_once: RunOnce,
    case: Case,
    run: Run,
    workers: int,
    number: int | None = None,
    judging: Judging = EXACTLY,
) -> Exchanged:
    """Run ``case``, which agreed in ``run``, in other orders of the same traces.

    What ``judging`` leaves out makes no outcome another one.
    Orders are those of ``other_orders``. Without a trace, as of real threads, there are none.
    """
    if run.verdict is not Verdict.AGREE:
        return NONE_EXCHANGED
    again = _Again(run_once, case, run, judging)
    executed = 0
    for orders in _of_all_blocks(again.traces, workers, number):
        executed += 1
        ended = again.follow(orders)
        if ended.is_other:
            found = again.narrowed(orders, ended.block)
            if found is not None:
                return Exchanged(executed, *found, again.executions)
    return Exchanged(executed, executions=again.executions)


def _of_all_blocks(traces: list[Steps], workers: int, number: int | None) -> Iterator[list[Steps]]:
    """Give orders for all blocks at once; a block that has no other one left keeps its trace."""
    each = (other_orders(trace, workers, number) for trace in traces)
    for orders in zip_longest(*each):
        yield [order or trace for order, trace in zip(orders, traces, strict=True)]


@dataclass(frozen=True, slots=True)
class _Ended:
    """How following an order ended: in ``block``, the last one, it was other than at first."""

    run: Run
    block: int
    is_other: bool


class _Again:
    """A case that agreed, to be run again in given orders of its blocks' steps."""

    def __init__(self, run_once: RunOnce, case: Case, run: Run, judging: Judging) -> None:
        self._judging = judging
        self._run_once = run_once
        self._case = case
        self._first = [block for block in run.blocks if block.executions]
        self.traces: list[Steps] = [block.trace for block in self._first]
        self.executions = 0

    def follow(self, orders: list[Steps]) -> _Ended:
        """Run under ``orders``, one for every block."""
        followers: list[FollowOrder] = []

        def choosing(_ids: tuple[str, ...]) -> Choose:
            followers.append(FollowOrder(orders[len(followers)]))
            return followers[-1]

        run = self._run_once(self._case, choosing)
        self.executions += run.executions
        last = len(followers) - 1
        if run.verdict.is_failure:
            return _Ended(run, last, is_other=True)
        # Where an order cannot be gone on with, the block has no answer, but maybe executions.
        answers = [block.actual for block in run.blocks if block.actual is not None]
        for number, (answer, first) in enumerate(zip(answers, self._first, strict=False)):
            assert first.actual is not None, "a case that agreed has an answer for every block"
            if followers[number].strayed or not alike(first.actual, answer, self._judging):
                return _Ended(run, number, is_other=True)
        return _Ended(run, last, is_other=False)

    def narrowed(self, orders: list[Steps], block: int) -> tuple[Run, Blamed] | None:
        """Find the one exchange in ``block`` on the way to ``orders`` that changes the outcome.

        None if it takes more than the order of that block, or does not come back.
        """
        first, last = self.traces[block], orders[block]
        pairs = exchanges_between(first, last)

        def after(count: int) -> _Ended:
            middle = list(self.traces)
            middle[block] = exchanged(first, pairs[:count])
            return self.follow(middle)

        same, other, failing = 0, len(pairs), after(len(pairs))
        if not failing.is_other or failing.block != block:
            return None
        while other - same > 1:
            between = (same + other) // 2
            ended = after(between)
            if ended.is_other and ended.block == block:
                other, failing = between, ended
            else:
                same = between
        if after(same).is_other:
            return None
        agreeing = list(self.traces)
        agreeing[block] = exchanged(first, pairs[: other - 1])
        left = first[pairs[other - 1][0]]
        at = next(at for at, each in enumerate(agreeing[block]) if each is left)
        blamed = Blamed(tuple(agreeing), block, at)
        return self._failure(failing.run, blamed), blamed

    def _failure(self, run: Run, blamed: Blamed) -> Run:
        ids = self._first[blamed.block].ids
        left, right = blamed.pair
        where = f"{_step_text(left, ids)}, {_step_text(right, ids)}"
        what = run.differences[0].field if run.differences else "the steps"
        named = Difference("order of steps", where, "no effect", f"another outcome: {what}")
        return replace(run, verdict=Verdict.UNANNOUNCED, differences=(named, *run.differences))


def _step_text(step: Pending, ids: tuple[str, ...]) -> str:
    place = place_of(step.operation)
    return f"{task_name(step.task, ids)}@{step.operation.label}" + (f"[{place}]" if place else "")
