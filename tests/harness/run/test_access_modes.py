"""Access modes as a part of the setting: equal outcomes, the file format, the command line."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from lockstep.case.file import Record, Setting, from_bytes, save, to_bytes
from lockstep.case.values import Case, RewindStep
from lockstep.cli.main import main
from lockstep.faults import UsageError
from lockstep.generate.mixture import case_at
from lockstep.generate.strategies import cases
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores, RocksStores
from lockstep.targets.inside import InsideTarget
from lockstep.targets.named import open_steered
from lockstep.targets.steered import SteeredLane
from lockstep.targets.target import DRIVERS
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.storage.access import ACCESS_MODES
from lockstep_ledger.storage.callbacks import CallbackReader
from lockstep_ledger.storage.protocol import OwnedStorage, Reader
from lockstep_ledger.storage.rocksdb import Database, RocksStorage
from lockstep_ledger.storage.shared import SharedStorage
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.small import block, case_of, payment, pays, record

READERS = {"shared": SharedStorage, "callbacks": CallbackReader, "cloned": RocksStorage}

CHAIN = case_of(
    block(pays("t0", 0), pays("t1", 1)),
    block(pays("t2", 2)),
    RewindStep(1),
    block(pays("t3", 2, amount=5)),
    block(pays("t4", 3)),
    RewindStep(2),
    block(pays("t5", 2, amount=9)),
)
"""Blocks that spend what a block before them left, with rewinds between."""


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder, Database(folder, cache_capacity=8) as database:
        yield database


@contextmanager
def lane(database: Database, mode: str, driver: str = "scheduled") -> Iterator[SteeredLane]:
    stores = RocksStores(database)
    with open_steered(Setting("batched", driver=driver, access=mode), stores) as lane:
        yield lane


def what_it_gave(run: Run) -> list[object]:
    return [run.verdict, run.differences, *((each.actual, each.expected) for each in run.blocks)]


def runs_of(database: Database, case: Case) -> list[Run]:
    runs = []
    for mode in ACCESS_MODES:
        with lane(database, mode) as each:
            runs.append(each.run_sequential(case))
    return runs


@settings(max_examples=60, deadline=None)
@given(case=cases())
def test_all_modes_give_equal_outcomes_on_any_case(database: Database, case: Case) -> None:
    first, *others = runs_of(database, case)
    assert first.verdict is Verdict.AGREE
    assert all(what_it_gave(each) == what_it_gave(first) for each in others)


def test_all_modes_give_equal_outcomes_on_generated_chains_with_rewinds(
    database: Database,
) -> None:
    generated = (case_at("access", number) for number in range(400))
    chains = [each for each in generated if any(isinstance(s, RewindStep) for s in each.steps)]
    assert len(chains) >= 20
    for case in [CHAIN, *chains[:40]]:
        first, *others = runs_of(database, case)
        assert first.verdict is Verdict.AGREE
        assert all(what_it_gave(each) == what_it_gave(first) for each in others)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("mode", ACCESS_MODES)
def test_a_chain_with_rewinds_agrees_under_both_drivers(
    mode: str, driver: str, database: Database
) -> None:
    with lane(database, mode, driver) as each:
        assert each.run_sequential(CHAIN).verdict is Verdict.AGREE


class Watching(Batched):
    """Notes what it is given to read from."""

    reader: Reader

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        self.reader = storage
        return super().execute(block, storage, driver)


class Given:
    """A store for each case that the test can look at afterwards."""

    deadline: float | None = None

    def __init__(self, database: Database) -> None:
        self._database = database
        self.storage: RocksStorage | None = None

    @contextmanager
    def holding(self, state: State) -> Iterator[OwnedStorage]:
        self.storage = self._database.new_namespace(state)
        yield self.storage


@pytest.mark.parametrize("mode", ACCESS_MODES)
def test_the_executor_reads_through_the_mode_and_the_reference_does_not(
    mode: str, database: Database
) -> None:
    stores, executor = Given(database), partial(Watching)
    built: list[Watching] = []

    def build(*arguments: object, **named: object) -> Watching:
        built.append(executor(*arguments, **named))  # type: ignore[arg-type]
        return built[-1]

    with open_steered(Setting("ours", access=mode), stores, InsideTarget("ours", build)) as each:
        assert each.run_sequential(payment()).verdict is Verdict.AGREE
    assert type(built[0].reader) is READERS[mode]
    assert built[0].reader is not stores.storage


class Stale(Batched):
    """Reads every block from what the first one was read from, as it was then."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        assert isinstance(storage, SharedStorage)
        return super().execute(block, storage.at(0), driver)


def test_an_executor_that_reads_old_values_is_caught() -> None:
    with open_steered(Setting("ours"), MemoryStores(), InsideTarget("ours", Stale)) as each:
        assert each.run_sequential(CHAIN).verdict is Verdict.DIVERGE


# The setting.


def test_the_default_mode_is_left_out_of_a_file_and_read_from_one_without_it() -> None:
    plain = record(setting=Setting("batched"))
    assert "access" not in json.loads(to_bytes(plain))["executor"]
    assert from_bytes(to_bytes(plain)).setting == Setting("batched", access="shared")


@pytest.mark.parametrize("mode", ACCESS_MODES)
def test_a_mode_reads_back_as_it_was_written(mode: str) -> None:
    written = record(setting=Setting("batched", access=mode))
    assert from_bytes(to_bytes(written)) == written


def test_an_unknown_mode_is_a_usage_error_that_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'stolen': known are shared, callbacks, cloned"):
        open_steered(Setting("batched", access="stolen"), MemoryStores())


# The command line.


def lockstep(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("mode", ACCESS_MODES)
def test_fuzz_keeps_the_mode_in_what_it_finds(mode: str, tmp_path: Path) -> None:
    findings = tmp_path / "findings"
    options = ("--cases", 60, "--seed", "demo", "--findings", findings, "--access", mode)
    code, output = lockstep("fuzz", *options)
    assert code == 0, output
    code, output = lockstep("fuzz", *options, "--executor", "canary")
    assert code == 1, output
    for path in findings.rglob("*.json"):
        setting = from_bytes(path.read_bytes()).setting
        assert setting is not None
        assert setting.access == mode


def saved(tmp_path: Path, setting: Setting | None) -> Path:
    return save(replace(record(), setting=setting), tmp_path)


def test_replay_takes_the_mode_of_the_file_unless_another_is_given(tmp_path: Path) -> None:
    path = saved(tmp_path, Setting("batched", access="cloned"))
    assert "scheduled, cloned)" in lockstep("replay", path)[1]
    code, output = lockstep("replay", path, "--access", "callbacks", "--storage", "rocksdb")
    assert (code, "scheduled, callbacks)" in output) == (0, True), output


def test_replay_refuses_a_mode_that_is_not_there(tmp_path: Path) -> None:
    path = saved(tmp_path, None)
    assert lockstep("replay", path, "--access", "stolen")[0] == 2
    path = saved(tmp_path, Setting("batched", access="stolen"))
    code, output = lockstep("replay", path)
    assert (code, output.count("\n")) == (2, 1)
    assert "unknown access mode 'stolen'" in output
    assert isinstance(from_bytes(path.read_bytes()), Record)
