"""Finds the executor under test by its name: ours, ``module:Class``, a program or a server."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias, cast

from lockstep.faults import UsageError
from lockstep.targets.canary import Canary, RaceCanary
from lockstep.targets.labu.target import PREFIX as SERVER
from lockstep.targets.labu.target import LabuTarget, labu_target
from lockstep.targets.program.executor import OutsideExecutor
from lockstep.targets.program.program import PREFIX as PROGRAM
from lockstep.targets.program.program import program_named
from lockstep_ledger.signatures import Scheme
from lockstep_parallel.executors.accounts import BatchedRecords, DagRecords
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.credits import BatchedCredits, DagCredits
from lockstep_parallel.executors.dag import Dag
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.executors.optimistic.credits import (
    OptimisticByRoundsCredits,
    OptimisticCredits,
)
from lockstep_parallel.executors.optimistic.executor import Optimistic
from lockstep_parallel.executors.optimistic.rounds import OptimisticByRounds
from lockstep_parallel.executors.pipelined import Auto, Pipelined
from lockstep_parallel.executors.workers import BatchedByWorkers

BUILT_IN: dict[str, Callable[..., Executor]] = {
    "auto": Auto,
    "batched": Batched,
    "batched-credits": BatchedCredits,
    "batched-records": BatchedRecords,
    "batched-workers": BatchedByWorkers,
    "canary": Canary,
    "dag": Dag,
    "dag-credits": DagCredits,
    "dag-records": DagRecords,
    "optimistic": Optimistic,
    "optimistic-credits": OptimisticCredits,
    "optimistic-rounds": OptimisticByRounds,
    "optimistic-rounds-credits": OptimisticByRoundsCredits,
    "pipelined": Pipelined,
    "race-canary": RaceCanary,
}

FAULTY = frozenset({"canary", "race-canary"})
"""The built-in executors that must fail."""


@dataclass(frozen=True, slots=True)
class Target:
    """An executor that can be built: ``name`` is what the user called it."""

    name: str
    factory: Callable[..., Executor]

    def build(self, scheme: Scheme, workers: int) -> Executor:
        """Build the executor. Raises ``UsageError`` if its class refuses."""
        try:
            executor = self.factory(scheme, workers=workers)
        except (Exception, SystemExit) as error:
            raise UsageError(
                f"executor {self.name} cannot be built: {type(error).__name__}: {error}"
            ) from error
        for method in ("execute", "merge"):
            if not callable(getattr(executor, method, None)):
                raise UsageError(f"executor {self.name} has no method {method}")
        return executor


AnyTarget: TypeAlias = Target | LabuTarget


def find(name: str) -> AnyTarget:
    """Return the target called ``name``. Raises ``UsageError`` if there is none.

    Whether a server is there is not asked: ``reach`` does.
    """
    if name.startswith(SERVER):
        return labu_target(name)
    if name.startswith(PROGRAM):
        return Target(name, partial(OutsideExecutor, name, program_named(name)))
    if name in BUILT_IN:
        return Target(name, BUILT_IN[name])
    if ":" not in name:
        known = ", ".join(sorted(BUILT_IN))
        raise UsageError(
            f"unknown executor {name!r}: known are {known}, module:Class, cmd:PROGRAM ARGS, "
            "or http://host:port"
        )
    module_name, _, class_name = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"executor {name}: cannot import {module_name}: {type(error).__name__}: {error}"
        ) from error
    factory = getattr(module, class_name, None)
    if not callable(factory):
        raise UsageError(f"executor {name}: {module_name} has no class {class_name}")
    return Target(name, cast("Callable[..., Executor]", factory))


def find_inside(name: str) -> Target:
    """Return the target called ``name``, which must run in this process, where it can be steered.

    Raises ``UsageError`` if there is none or it is a server.
    """
    target = find(name)
    if isinstance(target, LabuTarget) or is_outside(name):
        raise UsageError(f"executor {name} is outside: this needs one that runs in this process")
    return target


def reach(names: Iterable[str]) -> None:
    """Find every target of ``names``, and ask those outside whether they are there.

    Raises ``UsageError`` and ``HarnessFault``.
    """
    for name in sorted(set(names)):
        target = find(name)
        if isinstance(target, LabuTarget):
            target.check()


def is_labu(name: str) -> bool:
    """Tell whether ``name`` is a labu server, which can be asked about projected cases only."""
    return name.startswith(SERVER)


def is_outside(name: str) -> bool:
    """Tell whether ``name`` is not in this process: its interleavings are its own business."""
    return name.startswith((SERVER, PROGRAM))
