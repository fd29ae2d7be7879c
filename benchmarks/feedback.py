"""Whether features switched off, and cases near interesting ones, find planted faults sooner.

Run as ``python -m benchmarks.feedback``, with ids of the catalogue or ``module:Class`` to choose.

For each way of making cases, the cases and CPU-seconds that campaigns take to the first failure of
each fault, over the same seeds and without the shipped vectors, which would find most of them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from statistics import geometric_mean
from unittest.mock import patch

from lockstep.campaign.plan import Plan
from lockstep.campaign.worker import CHUNK, Worker
from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.corpus.behaviours import Fact
from lockstep.corpus.feedback import MUTATED_SHARE, Feedback
from lockstep_mutants.catalogue import ROWS

SEEDS = tuple(f"feedback {number}" for number in range(3))
LIMIT = 3000
"""Cases after which a fault counts as found there: the means flatter what misses it."""


def everything_on(resources: ExitStack) -> None:
    """Switch no feature of any case off."""
    resources.enter_context(patch("lockstep.generate.mixture.draw_bits", lambda _random: 0))


def whatever_was_run(resources: ExitStack) -> None:
    """Keep every case, whether it did something new or not."""

    def keep(feedback: Feedback, case: Case, _facts: frozenset[Fact]) -> bool:
        feedback.kept.append(case)
        return True

    resources.enter_context(patch.object(Feedback, "see_facts", keep))


def as_it_is(_resources: ExitStack) -> None:
    """Change nothing."""


WAYS: dict[str, tuple[float, Callable[[ExitStack], None]]] = {
    "as it is": (MUTATED_SHARE, as_it_is),
    "everything on": (MUTATED_SHARE, everything_on),
    "nothing near earlier cases": (0.0, as_it_is),
    "near any earlier case": (MUTATED_SHARE, whatever_was_run),
    "30 % near interesting ones": (0.3, as_it_is),
    "30 % near any earlier case": (0.3, whatever_was_run),
}


def main(names: list[str]) -> None:
    """Print a line for every way, over the faults named or the whole catalogue."""
    faults = {row.id: Setting(row.executor, storage=row.storage) for row in ROWS}
    chosen = [faults.get(name, Setting(name)) for name in names] or list(faults.values())
    for way, (share, change) in WAYS.items():
        with ExitStack() as resources:
            change(resources)
            found = [[_to_detection(each, seed, share) for seed in SEEDS] for each in chosen]
        cases = [[count for count, _ in each] for each in found]
        every = [count for each in cases for count in each]
        seconds = sum(spent for each in found for _, spent in each)
        sys.stdout.write(
            f"{way}: {geometric_mean(every):.2f} cases, worst seeds "
            f"{geometric_mean(map(max, cases)):.1f}, {seconds:.1f} CPU-seconds in all, "
            f"{sum(count >= LIMIT for count in every)} not found within {LIMIT}, "
            f"{len(chosen)} faults, {len(SEEDS)} seeds\n"
        )
        sys.stdout.flush()


def _to_detection(setting: Setting, seed: str, share: float) -> tuple[int, float]:
    plan = Plan(seed, (setting,), storage="memory", mutated=share)
    with closing(Worker(plan, "feedback")) as bench:
        started = time.process_time()
        for start in range(0, LIMIT, CHUNK):
            for ran in bench.runs(start, CHUNK):
                if ran.run.verdict.is_failure:
                    return ran.number + 1, time.process_time() - started
        return LIMIT, time.process_time() - started


if __name__ == "__main__":
    main(sys.argv[1:])
