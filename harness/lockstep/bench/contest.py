"""Times executors beside the reference: the same block, in turns, in one process.

Invariant: only an executor whose outcome equals the reference's has a time; each round times
everybody once, so a noisy moment of the machine hits all of them alike.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from lockstep.bench.bound import Bound, Remembering, longest_share
from lockstep.bench.workloads import Workload
from lockstep.compare.outcomes import compare_outcomes
from lockstep.run.stores import Stores
from lockstep.targets.named import find_inside
from lockstep.verdict import Difference
from lockstep_ledger.outcome import Outcome, Statistics
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.steps.drivers.threads import Threads
from lockstep_reference import block as reference


@dataclass(frozen=True, slots=True)
class Entrant:
    """An executor with a number of workers."""

    executor: str
    workers: int


@dataclass(frozen=True, slots=True)
class Timed:
    """One executor on one workload, beside the reference in the same rounds.

    ``seconds`` and ``ratio`` (the reference's time over the executor's) are medians over the
    rounds, ``efficiency`` is the lower bound over the time. ``differences`` are those of the first
    outcome; with any, nothing was timed and the numbers are 0.
    """

    entrant: Entrant
    seconds: float
    ratio: float
    efficiency: float
    statistics: Statistics
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One workload: the reference's median in seconds, the bound, and everybody's times."""

    workload: str
    transactions: int
    reference: float
    bound: Bound
    timed: tuple[Timed, ...]


def run_contest(
    workload: Workload, entrants: Sequence[Entrant], scheme: str, stores: Stores, rounds: int
) -> Result:
    """Time the reference and every entrant on ``workload``, so many rounds each."""
    with stores.holding(workload.state) as storage, _collected(), Threads() as threads:
        contest = _Contest(workload, scheme, storage, threads)
        prepared = [contest.prepare(each) for each in entrants]
        actions: list[Callable[[], object]] = [contest.execute_reference, contest.decide]
        actions += [action for action, _, _ in prepared]
        times = [[_seconds(action) for action in actions] for _ in range(rounds)]
    columns = list(zip(*times, strict=True))
    bound = Bound(median(columns[0]), median(columns[1]), longest_share(workload))
    timed = [
        _timed(entrant, columns[0], column, bound, statistics, differences)
        for entrant, column, (_, statistics, differences) in zip(
            entrants, columns[2:], prepared, strict=True
        )
    ]
    count = len(workload.block.transactions)
    return Result(workload.name, count, bound.work, bound, tuple(timed))


class _Contest:
    """One workload on one storage."""

    def __init__(self, workload: Workload, scheme: str, storage: Reader, threads: Threads) -> None:
        self._block = workload.block
        self._storage = storage
        self._threads = threads
        self._scheme = SCHEMES[scheme]
        self._remembering = Remembering(self._scheme)
        self._expected = self.decide()

    def execute_reference(self) -> Outcome:
        return reference.execute(self._block, self._storage, self._scheme)

    def decide(self) -> Outcome:
        """Execute on the reference with all signatures known."""
        return reference.execute(self._block, self._storage, self._remembering)

    def prepare(
        self, entrant: Entrant
    ) -> tuple[Callable[[], object], Statistics, tuple[Difference, ...]]:
        """Execute once, to compare and to warm up, and return what is to be timed."""
        executor = find_inside(entrant.executor).build(self._scheme, entrant.workers)

        def execute() -> Outcome:
            return executor.execute(self._block, self._storage, self._threads)

        outcome = execute()
        differences = tuple(compare_outcomes(self._expected, outcome))
        return (_nothing if differences else execute), outcome.statistics, differences


def _timed(
    entrant: Entrant,
    reference_times: Sequence[float],
    times: Sequence[float],
    bound: Bound,
    statistics: Statistics,
    differences: tuple[Difference, ...],
) -> Timed:
    if differences:
        return Timed(entrant, 0.0, 0.0, 0.0, statistics, differences)
    ratio = median(one / other for one, other in zip(reference_times, times, strict=True))
    seconds = median(times)
    return Timed(entrant, seconds, ratio, bound.seconds(entrant.workers) / seconds, statistics)


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _nothing() -> None:
    """Stand in for an executor that is wrong."""


@contextmanager
def _collected() -> Iterator[None]:
    """Keep the collection of garbage out of the rounds: whom it hits is chance."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
