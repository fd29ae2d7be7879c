"""Executes one block in one way after another, until one fails or none is left.

Invariant: what is told of a block is its last execution or, of one asked for in manners, the first
that failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from lockstep.case.judging import EXACTLY, Judging
from lockstep.case.manner import Manner
from lockstep.run.ask import Asked, W, alike, ask, judge
from lockstep.run.history import Past, by_history, past_of
from lockstep.run.outside_faults import Watcher
from lockstep.run.result import StepFailure
from lockstep.schedules.dpor import Redundant
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.steps.drivers.scheduled import Pending, Scheduled

W_co = TypeVar("W_co", covariant=True)


class Ways(Protocol[W_co]):
    """Gives the ways to execute a block, whose transactions have these ids, one by one.

    The next is asked for when the block was executed in the one before and both sides agreed.
    """

    def __call__(self, ids: tuple[str, ...], /) -> Iterator[W_co]:
        """Give the ways."""
        ...


@dataclass(frozen=True, slots=True)
class Executed:
    """One execution of a block: what the executor answered, how it was judged, how it went.

    ``past`` is what led to the state it was executed on, None if that was loaded.
    """

    actual: Outcome | None = None
    failure: StepFailure | None = None
    trace: tuple[Pending, ...] = ()
    manner: Manner | None = None
    past: Past | None = None


@dataclass(frozen=True, slots=True)
class AskedBlock(Generic[W]):
    """A block with what it must give, whom it is asked of, and how that is judged."""

    asked: Asked[W]
    reader: Reader
    block: Block
    before: State
    expected: Outcome
    judging: Judging = EXACTLY


def execute_in(
    ways: Iterator[W], question: AskedBlock[W], watcher: Watcher | None
) -> tuple[int, Executed]:
    """Execute a block in one way after another until one fails.

    In manners it goes on after a divergence: whether what is asked differs from itself, too, shows
    only when it has answered in every one.
    """
    executions, last = 0, Executed()
    answered: list[Executed] = []
    block, before = question.block, question.before
    for way in ways:
        if watcher is not None:
            watcher.beside(way)
        try:
            actual, failure = ask(question.asked, block, before, question.reader, way)
        except Redundant:
            continue
        executions += 1
        if actual is not None:
            failure = judge(block, before, question.expected, actual, question.judging)
        if failure is None and watcher is not None:
            failure = what_was_seen(watcher)
        last = Executed(actual, failure, *_how(way), past_of(question.asked))
        if last.manner is not None and actual is not None:
            answered.append(last)
            if failure is None or failure.verdict is Verdict.DIVERGE:
                continue
        if failure is not None:
            break
    else:
        last = _settled(answered, question) or last
    return executions, last


def what_was_seen(watcher: Watcher) -> StepFailure | None:
    """Return what an onlooker saw that nobody may see."""
    return StepFailure(Verdict.DIVERGE, watcher.seen) if watcher.seen else None


def _how(way: object) -> tuple[tuple[Pending, ...], Manner | None]:
    if isinstance(way, Manner):
        return (), way
    return (tuple(map(_kept, way.trace)) if isinstance(way, Scheduled) else ()), None


def _settled(answered: list[Executed], question: AskedBlock[W]) -> Executed | None:
    """Return the execution that decides a block: a failing one, marked if not all were alike.

    One that needs what came before its block is marked as that, whatever the others gave.
    """
    failing = next((each for each in answered if each.failure is not None), None)
    if failing is None or failing.failure is None or failing.actual is None:
        return None
    if failing.past is not None:
        block, before, expected = question.block, question.before, question.expected
        past, judging = failing.past, question.judging
        failure = by_history(failing.failure, past, block, before, expected, judging)
        if failure is not None:
            return replace(failing, failure=failure)
    mine, judging = failing.actual, question.judging
    other = next(
        (each for each in answered if each.actual and not alike(mine, each.actual, judging)), None
    )
    if other is None:
        return failing
    right = f"as {judging.whose}" if other.failure is None else "in another way"
    with_itself = Difference("itself", str(failing.manner), f"{right} ({other.manner})", "differs")
    differences = (*failing.failure.differences, with_itself)
    return replace(failing, failure=StepFailure(Verdict.SELF_DIVERGE, differences))


def was_open() -> bool:
    """Stand in for a guard that was open when its step was taken."""
    return True


def _kept(step: Pending) -> Pending:
    """Return ``step`` without its guard, which belongs to the executor's own objects."""
    if step.operation.guard is None:
        return step
    return step._replace(operation=step.operation._replace(guard=was_open))
