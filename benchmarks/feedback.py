"""Whether cases near interesting ones find planted faults sooner.

Run as ``python -m benchmarks.feedback``.

For every share of mutated cases, the cases and CPU-seconds that campaigns take to the first failure
of each mutant, over the same seeds. The mutants that speculate are left out unless named: a case of
theirs costs a hundred times as much, and they are found within a few.
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path
from statistics import geometric_mean

from lockstep.campaign.campaign import CHUNK
from lockstep.campaign.plan import Plan
from lockstep.campaign.worker import Worker
from lockstep.case.file import Setting, load
from lockstep.case.values import Case
from lockstep_mutants.catalogue import ROWS

SHARES = (0.0, 0.05, 0.1, 0.3, 0.5)
SEEDS = tuple(f"feedback {number}" for number in range(8))
LIMIT = 600
"""Cases after which a mutant counts as found there: the means flatter what misses it."""


def main(names: list[str]) -> None:
    """Print a table of the mutants named, or of all that do not speculate."""
    rows = [row for row in ROWS if (row.id in names if names else "optimistic" not in row.executor)]
    seeds = tuple(load(path).case for path in sorted(Path("corpora/seeds").glob("*.json")))
    terms: list[tuple[float, tuple[Case, ...]]] = [(share, ()) for share in SHARES]
    for share, first in [*terms, (SHARES[1], seeds)]:
        found = [_to_detection(row.executor, seed, share, first) for row in rows for seed in SEEDS]
        cases = [count for count, _ in found]
        missed = sum(count >= LIMIT for count in cases)
        worst = [max(cases[at : at + len(SEEDS)]) for at in range(0, len(cases), len(SEEDS))]
        seconds = sum(each for _, each in found)
        sys.stdout.write(
            f"mutated {share:.0%}, {len(first)} seeds first: {geometric_mean(cases):.2f} cases, "
            f"worst seeds {geometric_mean(worst):.1f}, {seconds:.1f} CPU-seconds in all, "
            f"{missed} not found within {LIMIT}, {len(rows)} mutants\n"
        )
        sys.stdout.flush()


def _to_detection(
    executor: str, seed: str, share: float, seeds: tuple[Case, ...]
) -> tuple[int, float]:
    plan = Plan(seed, (Setting(executor),), storage="memory", seeds=seeds, mutated=share)
    with closing(Worker(plan, "feedback")) as bench:
        started = time.process_time()
        for start in range(0, LIMIT, CHUNK):
            for ran in bench.runs(start, CHUNK):
                if ran.run.verdict.is_failure:
                    return ran.number + 1, time.process_time() - started
        return LIMIT, time.process_time() - started


if __name__ == "__main__":
    main(sys.argv[1:])
