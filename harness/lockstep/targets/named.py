"""Finds what is under test by its name: ours, ``module:Class``, a program or a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import cast

from lockstep.case.file import Setting, called_and_executor
from lockstep.case.judging import EXACTLY, REFERENCE, SEQUENTIAL
from lockstep.faults import UsageError
from lockstep.loading import imported
from lockstep.run.standard import Oracle, ReferenceOracle, Standard
from lockstep.run.stores import MemoryStores, Stores
from lockstep.run.under_test import StoresUnderTest
from lockstep.targets.canary import Canary, RaceCanary
from lockstep.targets.inside import InsideTarget
from lockstep.targets.isolated import IsolatedTarget
from lockstep.targets.labu.target import PREFIX as SERVER
from lockstep.targets.labu.target import labu_target
from lockstep.targets.oracle import LaneOracle
from lockstep.targets.program.program import PREFIX as PROGRAM
from lockstep.targets.program.program import program_named
from lockstep.targets.program.target import ProgramTarget
from lockstep.targets.steered import SteeredLane
from lockstep.targets.target import DRIVERS, Lane, Target
from lockstep_parallel.executors.accounts import BatchedAccounts, DagAccounts
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
    "batched-accounts": BatchedAccounts,
    "batched-workers": BatchedByWorkers,
    "canary": Canary,
    "dag": Dag,
    "dag-credits": DagCredits,
    "dag-accounts": DagAccounts,
    "optimistic": Optimistic,
    "optimistic-credits": OptimisticCredits,
    "optimistic-rounds": OptimisticByRounds,
    "optimistic-rounds-credits": OptimisticByRoundsCredits,
    "pipelined": Pipelined,
    "race-canary": RaceCanary,
}

FAULTY = frozenset({"canary", "race-canary"})
"""The built-in executors that must fail."""


PREFIXES: Mapping[str, Callable[[str], Target]] = {
    SERVER: labu_target,
    PROGRAM: lambda name: ProgramTarget(name, program_named(name)),
}
"""The kinds of target whose names begin with a word of their own."""


def find(name: str) -> Target:
    """Return the target called ``name``, which may begin with the user's own word for it.

    Raises ``UsageError`` if there is none. Whether a server is there is not asked: ``reach`` does.
    """
    _, name = called_and_executor(name)
    for prefix, named in PREFIXES.items():
        if name.startswith(prefix):
            return named(name)
    if name in BUILT_IN:
        return InsideTarget(name, BUILT_IN[name])
    if ":" not in name:
        known = ", ".join(sorted(BUILT_IN))
        raise UsageError(
            f"unknown executor {name!r}: known are {known}, module:Class, cmd:PROGRAM ARGS, "
            "or http://host:port"
        )
    found = imported(name, "executor")
    if isinstance(found, type) and issubclass(found, Target):
        return found(name)
    return InsideTarget(name, cast("Callable[..., Executor]", found))


def find_inside(name: str) -> InsideTarget:
    """Return the target called ``name``, which must be an executor of this process.

    Raises ``UsageError`` if it is not, or there is none.
    """
    target = find(name)
    if not isinstance(target, InsideTarget):
        raise _outside(name)
    return target


def open_lane(setting: Setting, stores: Stores, target: Target | None = None) -> Lane:
    """Open the target that ``setting`` names, or ``target``, under ``setting``.

    Cases are stored in ``stores``, or where ``setting`` says if that names a store under test.
    Raises ``UsageError`` where it cannot be judged as ``setting`` says.
    """
    found = target or find(setting.executor)
    if setting.storage:
        stores = StoresUnderTest(setting.storage, setting.deadline)
    if setting.isolated and isinstance(found, InsideTarget):
        found = IsolatedTarget(found.name)
    lane = found.open(setting, stores)
    if setting.judging != EXACTLY:
        try:
            lane.standard = _standard(setting, found, lane)
        except UsageError:
            lane.close()
            raise
    return lane


def _standard(setting: Setting, target: Target, lane: Lane) -> Standard:
    """Return what ``lane`` of ``target`` is held against."""
    if not lane.takes_standards:
        raise UsageError(f"{target.name} is judged by the reference alone, in every field")
    return Standard(open_oracle(setting, target), setting.judging)


def open_oracle(setting: Setting, target: Target) -> Oracle:
    """Open the oracle that ``setting`` names for ``target``; whoever asks for it closes it.

    Raises ``UsageError`` where there is none.
    """
    named = setting.judging.oracle
    if named == REFERENCE:
        return ReferenceOracle()
    oracle = target if named == SEQUENTIAL else find(named)
    if not oracle.has_sequential_mode:
        raise UsageError(f"--oracle {named} is unsupported: {oracle.name} has no sequential mode")
    apart = replace(
        setting, executor=oracle.name, workers=1, driver=DRIVERS[0], storage="", judging=EXACTLY
    )
    return LaneOracle(oracle.open(apart, MemoryStores()))


def open_steered(setting: Setting, stores: Stores, target: Target | None = None) -> SteeredLane:
    """Open a target whose interleavings are chosen here.

    Raises ``UsageError`` if they are its own.
    """
    return as_steered(open_lane(setting, stores, target))


def as_steered(lane: Lane) -> SteeredLane:
    """Return ``lane`` as one whose interleavings are chosen here. Raises ``UsageError``."""
    if not isinstance(lane, SteeredLane):
        lane.close()
        raise _outside(lane.setting.executor)
    return lane


def as_chosen(lane: Lane) -> SteeredLane:
    """Return ``lane`` as one whose every step is chosen here. Raises ``UsageError``."""
    steered = as_steered(lane)
    if steered.setting.driver != "scheduled":
        lane.close()
        raise UsageError("a strategy chooses every step: it needs the driver scheduled")
    return steered


def reach(names: Iterable[str]) -> None:
    """Find every target of ``names``, and ask it whether it is there.

    Raises ``UsageError`` and ``HarnessFault``.
    """
    for name in sorted(set(names)):
        find(name).reach()


def _outside(name: str) -> UsageError:
    return UsageError(f"executor {name} is outside: this needs one that runs in this process")
