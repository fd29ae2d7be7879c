"""Executes one block under one driver after another, until one fails or none is left.

Invariant: what is told of a block is its last execution or, of an executor outside, the first that
failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from lockstep.case.manner import Manner
from lockstep.run.ask import ask, judge
from lockstep.run.outside_faults import Watcher
from lockstep.run.result import Failure
from lockstep.schedules.dpor import Redundant
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Pending, Scheduled

Driving: TypeAlias = Callable[[tuple[str, ...]], Iterator[Driver]]
"""Gives the drivers under which to execute a block, whose transactions have these ids, one by one:
the next is asked for when the block was executed under the one before and both sides agreed."""


@dataclass(frozen=True, slots=True)
class Executed:
    """One execution of a block: what the executor answered, how it was judged, how it went."""

    actual: Outcome | None = None
    failure: Failure | None = None
    trace: tuple[Pending, ...] = ()
    manner: Manner | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A block with what it must give, and whom it is asked of."""

    executor: Executor
    reader: Reader
    block: Block
    before: State
    expected: Outcome


def execute_under(
    drivers: Iterator[Driver], asked: Asked, watcher: Watcher | None
) -> tuple[int, Executed]:
    """Execute a block under one driver after another until one fails.

    An executor outside goes on after a divergence: whether it differs from itself, too, shows
    only when it has answered in every manner.
    """
    executions, last = 0, Executed()
    answered: list[Executed] = []
    for driver in drivers:
        if watcher is not None:
            watcher.beside(driver)
        try:
            actual, failure = ask(asked.executor, asked.block, asked.before, driver, asked.reader)
        except Redundant:
            continue
        executions += 1
        if actual is not None:
            failure = judge(asked.block, asked.before, asked.expected, actual)
        if failure is None and watcher is not None:
            failure = what_was_seen(watcher)
        last = Executed(actual, failure, *_how(driver))
        if last.manner is not None and actual is not None:
            answered.append(last)
            if failure is None or failure.verdict is Verdict.DIVERGE:
                continue
        if failure is not None:
            break
    else:
        last = _settled(answered) or last
    return executions, last


def what_was_seen(watcher: Watcher) -> Failure | None:
    """Return what an onlooker saw that nobody may see."""
    return Failure(Verdict.DIVERGE, watcher.seen) if watcher.seen else None


def _how(driver: Driver) -> tuple[tuple[Pending, ...], Manner | None]:
    if isinstance(driver, Manner):
        return (), driver
    return (tuple(map(_kept, driver.trace)) if isinstance(driver, Scheduled) else ()), None


def _settled(answered: list[Executed]) -> Executed | None:
    """Return the execution that decides a block: a failing one, marked if not all were alike."""
    failing = next((each for each in answered if each.failure is not None), None)
    if failing is None or failing.failure is None:
        return None
    other = next((each for each in answered if each.actual != failing.actual), None)
    if other is None:
        return failing
    right = "as the reference" if other.failure is None else "in another way"
    with_itself = Difference("itself", str(failing.manner), f"{right} ({other.manner})", "differs")
    differences = (*failing.failure.differences, with_itself)
    return replace(failing, failure=Failure(Verdict.SELF_DIVERGE, differences))


def was_open() -> bool:
    """Stand in for a guard that was open when its step was taken."""
    return True


def _kept(step: Pending) -> Pending:
    """Return ``step`` without its guard, which belongs to the executor's own objects."""
    if step.operation.guard is None:
        return step
    return step._replace(operation=step.operation._replace(guard=was_open))
