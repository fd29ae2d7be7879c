"""An exploration: the blocks of a scope in order, on one or more processes, from where it stopped.

Invariant: a chunk of blocks is in the tally only when the failures of new kinds in it were kept, so
an interrupted exploration loses no finding, and going on gives the same tally as never stopping.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lockstep.campaign.processes import Work
from lockstep.campaign.work import Unwatched
from lockstep.explore.sums import BlockFailure, Conclusion, Result, Sums
from lockstep.explore.worker import Survey, Worker
from lockstep.faults import HarnessFault
from lockstep.findings.finding import Finding
from lockstep.findings.investigate import investigate
from lockstep.findings.keeping import Keeper, Kept
from lockstep.run.watchdog import watching
from lockstep.verdict import Verdict

_FAILURES = frozenset(verdict.value for verdict in Verdict if verdict.is_failure)
CHUNK = 8
"""Blocks a chunk: few, so that an interrupt is answered soon."""


@dataclass(slots=True)
class Exploration:
    """Where an exploration of ``blocks`` blocks stands; ``fault`` is what broke it off.

    ``stopped`` tells that it was to end at its first failure, and has.
    """

    blocks: int
    tally: Sums = field(default_factory=Sums)
    findings: list[Finding] = field(default_factory=list)
    interrupted: bool = False
    stopped: bool = False
    fault: str | None = None

    @property
    def conclusion(self) -> Conclusion:
        """What it says about the scope so far."""
        return self.tally.conclusion(self.blocks)


Watch = Callable[[Exploration], None]
Met = Callable[[BlockFailure, Kept], None]
"""Hears of a failure of a new kind, and of where it is kept, before it is shrunk."""


def explore(
    plan: Survey,
    jobs: int,
    start: Sums,
    folder: Path,
    progress: Watch,
    met: Met,
    found: Watch,
    *,
    stop_at_first: bool = False,
) -> Exploration:
    """Go on from ``start`` to the end of the scope, or to the first block that fails.

    ``progress`` is called after every chunk, ``met`` for every failure of a new kind once it is
    kept in ``folder``, ``found`` when it has been shrunk. Raises ``UsageError`` if the executor
    cannot be built.
    """
    exploration = Exploration(plan.scope.count(), start)
    worker = Worker(plan)
    blocks = exploration.blocks
    chunks = ((first, min(CHUNK, blocks - first)) for first in range(start.next, blocks, CHUNK))
    keeper = Keeper(folder)
    try:
        with watching(), Work(partial(_opened, plan), jobs, worker, Unwatched(_words)) as work:
            for chunk in work.results(chunks):
                results = _to_first_failure(chunk) if stop_at_first else chunk
                _keep_new_kinds(worker, results, exploration, keeper, met, found)
                for result in results:
                    exploration.tally.add(result)
                progress(exploration)
                if stop_at_first and any(map(_failed, results)):
                    exploration.stopped = True
                    break
    except KeyboardInterrupt:
        exploration.interrupted = True
    except HarnessFault as fault:
        exploration.fault = str(fault)
    finally:
        worker.close()
    return exploration


def _keep_new_kinds(
    worker: Worker,
    results: list[Result],
    exploration: Exploration,
    keeper: Keeper,
    met: Met,
    found: Watch,
) -> None:
    for result in results:
        failure = result.failure
        if failure is not None and not exploration.tally.knows(failure):
            origin = {"kind": "explore", "block": result.text}
            case = worker.case(result.number)
            name = f"block-{result.number}"
            tell = partial(met, failure)
            finding = investigate(case, failure.run, worker.lane, origin, keeper, name, tell)
            keeper.tidy()
            exploration.findings.append(finding)
            found(exploration)


def _failed(result: Result) -> bool:
    return result.end in _FAILURES


def _to_first_failure(results: list[Result]) -> list[Result]:
    """Return the results up to the first failing one."""
    ends = next((at for at, each in enumerate(results, 1) if _failed(each)), len(results))
    return results[:ends]


def _opened(plan: Survey, _number: int) -> Worker:
    return Worker(plan)


def _words(start: int, count: int) -> str:
    return f"blocks {start} to {start + count - 1}"
