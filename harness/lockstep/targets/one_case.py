"""Runs one case on one executor: what a test of another project calls.

Invariant: what a run gives depends on the arguments alone, under the ``scheduled`` driver; every
call runs as many schedules as if it were the only one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lockstep.case.deviation import Deviation
from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.streams import stream
from lockstep.targets.inside import InsideTarget
from lockstep.targets.named import as_steered, open_lane
from lockstep.targets.steered import STEP_LIMIT
from lockstep_ledger.storage.access import SHARED
from lockstep_parallel.executors.interface import Executor


def run_case(
    case: Case,
    executor: str | Callable[..., Executor] = "batched",
    *,
    workers: int = 4,
    driver: str = "scheduled",
    access: str = SHARED,
    schedule: Sequence[Deviation] | None = None,
    seed: str = "",
) -> Run:
    """Run ``case`` on the reference and on ``executor``, in memory, and return how it ended.

    ``executor`` is a class, or a name as ``--executor`` takes it. Every block is executed under a
    campaign's mix of schedules, drawn from ``seed``; or once, under the deviations of ``schedule``:
    none of them is the sequential order.

    Raises ``UsageError`` for an executor that is not there or cannot be built, ``HarnessFault``
    when the reference or the storage breaks.
    """
    target = None if isinstance(executor, str) else InsideTarget(_name(executor), executor)
    name = executor if isinstance(executor, str) else _name(executor)
    setting = Setting(name, workers, driver, access)
    with open_lane(setting, MemoryStores(), target) as lane:
        if schedule is not None:
            return as_steered(lane).run_deviating(case, schedule)
        mix = Mix.for_one_case(STEP_LIMIT)
        return lane.run_mixed(case, stream(seed, "schedule", 0), mix)


def _name(factory: Callable[..., Executor]) -> str:
    """Return the name under which ``--executor`` finds a class of a module."""
    name = getattr(factory, "__qualname__", type(factory).__name__)
    return f"{factory.__module__}:{name}"
