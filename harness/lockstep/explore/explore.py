"""An exploration: the blocks of a scope in order, on one or more processes, from where it stopped.

Invariant: a chunk of blocks is in the tally only when the failures of new kinds in it were kept, so
an interrupted exploration loses no finding, and going on gives the same tally as never stopping.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from lockstep.explore.bench import Bench, Plan, open_bench, run_chunk
from lockstep.explore.tally import Conclusion, Result, Tally
from lockstep.faults import HarnessFault
from lockstep.findings.investigate import Finding, investigate

CHUNK = 8
"""Blocks a chunk: few, so that an interrupt is answered soon."""


@dataclass(slots=True)
class Exploration:
    """Where an exploration of ``blocks`` blocks stands; ``fault`` is what broke it off."""

    blocks: int
    tally: Tally = field(default_factory=Tally)
    findings: list[Finding] = field(default_factory=list)
    interrupted: bool = False
    fault: str | None = None

    @property
    def conclusion(self) -> Conclusion:
        """What it says about the scope so far."""
        return self.tally.conclusion(self.blocks)


Watch = Callable[[Exploration], None]


def explore(
    plan: Plan, jobs: int, start: Tally, folder: Path, progress: Watch, found: Watch
) -> Exploration:
    """Go on from ``start`` to the end of the scope, whatever fails on the way.

    ``progress`` is called after every chunk, ``found`` after every finding of a new kind, which is
    kept in ``folder``. Raises ``UsageError`` if the executor cannot be built.
    """
    exploration = Exploration(plan.scope.count(), start)
    bench = Bench(plan)
    try:
        for results in _results(bench, jobs, start.next, exploration.blocks):
            _keep_new_kinds(bench, results, exploration, folder, found)
            for result in results:
                exploration.tally.add(result)
            progress(exploration)
    except KeyboardInterrupt:
        exploration.interrupted = True
    except (HarnessFault, BrokenExecutor) as fault:
        exploration.fault = str(fault)
    finally:
        bench.close()
    return exploration


def _keep_new_kinds(
    bench: Bench, results: list[Result], exploration: Exploration, folder: Path, found: Watch
) -> None:
    for result in results:
        failure = result.failure
        if failure is not None and not exploration.tally.knows(failure):
            origin = {"kind": "explore", "block": result.text}
            case = bench.case(result.number)
            finding = investigate(case, failure.run, bench.runner, origin, folder)
            exploration.findings.append(finding)
            found(exploration)


def _results(bench: Bench, jobs: int, start: int, blocks: int) -> Iterator[list[Result]]:
    chunks = ((first, min(CHUNK, blocks - first)) for first in range(start, blocks, CHUNK))
    if jobs == 1:
        for first, count in chunks:
            yield bench.chunk(first, count)
        return
    context = multiprocessing.get_context("spawn")
    pending: deque[Future[list[Result]]] = deque()
    pool = ProcessPoolExecutor(jobs, context, open_bench, (bench.plan,))
    try:
        for first, count in chunks:
            pending.append(pool.submit(run_chunk, first, count))
            if len(pending) > 4 * jobs:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
