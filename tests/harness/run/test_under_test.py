"""A store under test: each planted fault is a verdict of a case, and a right one agrees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.faults import UsageError
from lockstep.generate.mixture import case_at
from lockstep.run.result import Run
from lockstep.run.stores import open_stores
from lockstep.schedules.mix import Mix
from lockstep.streams import stream
from lockstep.targets.named import open_lane
from lockstep.targets.steered import STEP_LIMIT
from lockstep.verdict import Verdict
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Changes
from lockstep_ledger.storage.memory import MemoryStorage

STORES = "lockstep_mutants.stores"
HERE = "tests.harness.run.test_under_test"
CASES = 1500
FAULTY = [
    "CacheSurvivesRewind",
    "CacheBeforeDisk",
    "TornSnapshot",
    "IteratorMissesOverlay",
    "MergeLost",
    "VersionLinksToItself",
]


class Right(MemoryStorage):
    """The store in memory, as a store under test."""


class Unopenable(MemoryStorage):
    """Cannot hold anything."""

    def __init__(self, state: State) -> None:
        raise OSError("no such device")


class ExportRaises(MemoryStorage):
    """Loses an account that it has to list."""

    def export(self) -> State:
        raise KeyError("alice")


class MergeIsSilent(MemoryStorage):
    """Says nothing when its write fails."""

    def merge(self, changes: Changes, topoheight: int) -> None:
        try:
            super().merge(changes, topoheight)
        except Exception:
            return


def cases() -> Iterator[Case]:
    return (case_at("stores", number, "keyed-hash") for number in range(CASES))


def first_failure(storage: str, executor: str = "batched") -> Run | None:
    with open_stores(storage) as stores, open_lane(Setting(executor), stores) as lane:
        for number, case in enumerate(cases()):
            mix = Mix(STEP_LIMIT)
            run = lane.run_mixed(case, stream("stores", "schedule", number), mix)
            if run.verdict.is_failure:
                return run
    return None


@pytest.mark.parametrize("name", FAULTY)
def test_a_planted_fault_of_a_store_is_found(name: str) -> None:
    run = first_failure(f"{STORES}:{name}")
    assert run is not None
    assert run.verdict in (Verdict.DIVERGE, Verdict.CRASH)


def test_a_right_store_is_not_accused() -> None:
    assert first_failure(f"{HERE}:Right") is None


@pytest.mark.parametrize(
    ("name", "where"),
    [("Unopenable", "storage OSError"), ("ExportRaises", "storage KeyError")],
)
def test_whatever_a_store_raises_is_a_crash_of_its_case(name: str, where: str) -> None:
    run = first_failure(f"{HERE}:{name}")
    assert run is not None
    assert (run.verdict, run.differences[0].where) == (Verdict.CRASH, where)


def test_a_failed_merge_that_says_nothing_diverges() -> None:
    run = first_failure(f"{HERE}:MergeIsSilent")
    assert run is not None
    assert run.verdict is Verdict.DIVERGE
    assert run.differences[0].field in ("merge", "stored topoheight")


@pytest.mark.parametrize("name", ["nowhere", f"{HERE}:Missing", f"{HERE}:cases"])
def test_what_is_no_store_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError), open_stores(name):
        pass
