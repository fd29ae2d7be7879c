"""One search of a baseline: cases, each executed once on real threads, up to the first failure."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from lockstep.audit.trial import Searched, Trial
from lockstep.campaign.worker import CHUNK
from lockstep.case.values import Case
from lockstep.corpus.feedback import Feedback
from lockstep.generate.mixture import case_at
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.run.session import run_case
from lockstep.run.stores import Stores
from lockstep.targets.inside import Driven
from lockstep.targets.named import find_inside
from lockstep_ledger.schemes import SCHEMES
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.threads import Threads

WORKERS = 4
SWITCH = 1e-5
"""Seconds that a thread keeps the interpreter while others wait for it."""


class Hunt:
    """Runs cases on ``executor`` until one fails or ``budget`` CPU-seconds are spent."""

    def __init__(self, executor: str, budget: float, stores: Stores, threads: Threads) -> None:
        self._executor = find_inside(executor).build(SCHEMES["keyed-hash"], WORKERS)
        self._budget = budget
        self._stores = stores
        self._threads = threads
        self._cases = self._executions = 0
        self._failing: Run | None = None
        self._started = time.process_time()
        self._seconds = 0.0

    @property
    def ended(self) -> bool:
        """Tell whether something was found, or nothing is left to spend."""
        return self._failing is not None or self._seconds >= self._budget

    def run(self, case: Case) -> Run:
        """Run one case and note how it went."""
        run = run_case(case, Driven(self._executor), self._driving, self._stores)
        self._cases += 1
        self._executions += run.executions
        self._seconds = time.process_time() - self._started
        if run.verdict.is_failure:
            self._failing = run
        return run

    def trial(self, seed: str) -> Trial:
        """Return what was found, under the name of its ``seed``."""
        searched = Searched(self._cases, self._executions, self._seconds)
        if self._failing is None:
            return Trial(seed, searched)
        verdict, *words = signature_of(self._failing)
        return Trial(seed, searched, verdict, " ".join(words))

    def _driving(self, _ids: tuple[str, ...]) -> Iterator[Driver]:
        yield self._threads


def hunt(
    executor: str, seed: str, budget: float, stores: Stores, drive: Callable[[Hunt], None]
) -> Trial:
    """Search as ``drive`` does, on threads that nothing delays."""
    with Threads() as threads, _often_switching():
        found = Hunt(executor, budget, stores, threads)
        drive(found)
    return found.trial(seed)


def over_own_cases(seed: str) -> Callable[[Hunt], None]:
    """Return the search over the cases of ``lockstep fuzz``, its feedback included."""

    def drive(found: Hunt) -> None:
        for start in count(0, CHUNK):
            feedback = Feedback(seed)
            for number in range(start, start + CHUNK):
                case = feedback.case(number, case_at(seed, number))
                feedback.see(case, found.run(case))
                if found.ended:
                    return

    return drive


@contextmanager
def _often_switching() -> Iterator[None]:
    """Let threads take turns often: with 5 ms each, a block would be over before the first turn."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
