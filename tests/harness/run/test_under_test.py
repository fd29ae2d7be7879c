"""A store under test: whatever it does wrong is a verdict of its case, and a right one agrees."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.case.file import Setting, from_bytes, to_bytes
from lockstep.case.values import Case, MergeFails, RewindStep
from lockstep.faults import UsageError
from lockstep.findings.investigate import investigate
from lockstep.findings.keeping import Keeper
from lockstep.findings.replay import replay
from lockstep.findings.replayed import Rung
from lockstep.generate.mixture import case_at
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores, open_stores
from lockstep.run.under_test import RIGHT_STORAGE
from lockstep.run.watchdog import executing, watching
from lockstep.schedules.mix import Mix
from lockstep.streams import stream
from lockstep.targets.named import open_lane, open_steered
from lockstep.targets.steered import STEP_LIMIT
from lockstep.verdict import Verdict
from lockstep_ledger.storage.access import ACCESS_MODES, CLONED
from lockstep_parallel.steps.drivers.protocol import Hang
from tests.harness.small import CAROL, block, case_of, pays

HERE = "tests.harness.faulty_stores"
ORDINARY = case_of(block(pays("t0", 0, 1)), RewindStep(1), block(pays("t1", 0, 1, CAROL)))
"""A block taken back, and another in its place that creates an account."""
FAILING = case_of(block(pays("t0", 0, 1)), replace(block(pays("t1", 1, 1)), fault=MergeFails()))
"""A block, and one whose merge fails."""

CRASHES = {
    "NoStore": "AttributeError",
    "Unopenable": "storage OSError",
    "ExportRaises": "storage KeyError",
    "MergeRaises": "merge OSError",
    "RewindRaises": "storage OSError",
    "Exits": "storage SystemExit",
    "RaisesSpeechless": "storage Speechless",
    "Recurses": "storage RecursionError",
    "NothingExported": "storage AttributeError",
    "NoChain": "AttributeError",
    "TopoheightOfText": "merge TypeError",
    "GarbageExported": "storage TypeError",
    "UnanswerableNonce": "RuntimeError",
}
"""Where what a store raises, or what comes of its answer, is told."""

FAULTS = ("ReadRaises", "NonceOfText")
"""What an executor tells as a fault of the transaction that reads."""

DIFFERENCES = {
    "BalanceTooLarge": "receipts",
    "BalanceBelowZero": "receipts",
    "EverythingExists": "created",
    "LosesMerges": "stored topoheight",
    "NeverRewinds": "stored topoheight",
    "LosesNonces": "stored state",
}

HANGS = {
    "OpeningHangs": "storage hang",
    "ExportHangs": "storage hang",
    "RewindHangs": "storage hang",
    "MergeHangs": "merge hang",
}


def over(name: str, deadline: float = 10.0) -> Setting:
    return Setting("batched", storage=f"{HERE}:{name}", deadline=deadline)


def run_on(setting: Setting, case: Case = ORDINARY) -> Run:
    with watching(), open_lane(setting, MemoryStores()) as lane:
        return lane.run_plain(case)


@pytest.mark.parametrize(("name", "where"), CRASHES.items())
def test_what_a_store_raises_is_a_crash_of_its_case(name: str, where: str) -> None:
    run = run_on(over(name))
    assert (run.verdict, run.differences[0].where) == (Verdict.CRASH, where)


@pytest.mark.parametrize("name", FAULTS)
def test_what_a_transaction_cannot_read_is_a_crash_of_its_case(name: str) -> None:
    run = run_on(over(name))
    assert (run.verdict, run.differences[0].field) == (Verdict.CRASH, "faults")


@pytest.mark.parametrize(("name", "field"), DIFFERENCES.items())
def test_what_a_store_answers_wrongly_or_loses_is_a_difference(name: str, field: str) -> None:
    run = run_on(over(name))
    assert (run.verdict, run.differences[0].field) == (Verdict.DIVERGE, field)


def test_a_failed_merge_that_says_nothing_is_a_difference() -> None:
    run = run_on(over("MergeIsSilent"), FAILING)
    assert (run.verdict, run.differences[0].field) == (Verdict.DIVERGE, "merge")


@pytest.mark.parametrize(("name", "where"), HANGS.items())
def test_what_a_store_never_answers_is_a_hang_within_the_deadline(name: str, where: str) -> None:
    run = run_on(over(name, deadline=0.3))
    assert (run.verdict, run.differences[0].where) == (Verdict.HANG, where)
    assert "no outcome within 0.3 s, in " in run.differences[0].actual


@pytest.mark.parametrize("mode", ACCESS_MODES)
def test_a_store_is_tested_in_every_access_mode(mode: str) -> None:
    assert run_on(replace(over("Right"), access=mode)).verdict is Verdict.AGREE
    assert run_on(replace(over("LosesNonces"), access=mode)).verdict is Verdict.DIVERGE


def test_a_handle_that_cannot_be_had_is_a_crash_of_its_case() -> None:
    run = run_on(replace(over("Uncloneable"), access=CLONED))
    assert (run.verdict, run.differences[0].where) == (Verdict.CRASH, "storage OSError")


def test_the_time_of_an_executor_is_not_that_of_the_store() -> None:
    with watching(), executing(0.5):
        for _ in range(3):
            with executing(5.0):
                spend(0.3)
    with pytest.raises(Hang), watching(), executing(0.5):
        spend(5.0)


def spend(seconds: float) -> None:
    """Be busy for so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


@pytest.mark.parametrize("setting", [over("Right"), Setting(storage=RIGHT_STORAGE)])
def test_a_right_store_is_not_accused(setting: Setting) -> None:
    with open_lane(setting, MemoryStores()) as lane:
        mix = Mix(STEP_LIMIT)
        for number in range(400):
            case = case_at("stores", number, "keyed-hash")
            run = lane.run_mixed(case, stream("stores", "schedule", number), mix)
            assert run.verdict is Verdict.AGREE, number


@pytest.mark.parametrize("name", ["nowhere:X", f"{HERE}:Missing", "tests.harness.small:block"])
def test_what_is_no_store_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError):
        open_lane(Setting(storage=name), MemoryStores())


def test_an_unknown_back_end_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="unknown storage 'nowhere'"), open_stores("nowhere"):
        pass


# What becomes of it.

KINDS = ("ExportRaises", "MergeRaises", "NonceOfText", "LosesNonces", "NothingExported")


@pytest.mark.parametrize("name", KINDS)
def test_a_failure_is_shrunk_kept_with_its_store_and_replayed(name: str, tmp_path: Path) -> None:
    setting = over(name)
    case = replace(ORDINARY, steps=(*ORDINARY.steps, block(pays("t2", 1, 1))))
    with open_steered(setting, MemoryStores()) as lane:
        finding = investigate(case, lane.run_plain(case), lane, {}, Keeper(tmp_path), "case")
    assert finding.settled.repeatable
    assert len(finding.case.steps) < len(case.steps)
    assert finding.kept.path is not None
    record = from_bytes(finding.kept.path.read_bytes())
    assert record.setting == setting
    again = replay(record, MemoryStores(), strict=True)
    assert (again.run.verdict, again.rung) == (finding.run.verdict, Rung.DEVIATIONS)
    right = replay(record, MemoryStores(), over("Right"), strict=True)
    assert (right.run.verdict, right.rung) == (Verdict.AGREE, Rung.NONE)
    assert to_bytes(record) == finding.kept.path.read_bytes()
