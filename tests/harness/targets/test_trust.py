"""A file is data: what it names is run if it is ours, if the user named it, or trusts the file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lockstep.case.file import Setting
from lockstep.faults import UsageError
from lockstep.loading import imported
from lockstep.report.differences import replay_command
from lockstep.run.under_test import RIGHT_STORAGE
from lockstep.targets.named import BUILT_IN
from lockstep.targets.trust import OURS_ALONE, Trust, is_ours, setting_in
from lockstep_mutants.catalogue import MASKED, ROWS
from tests.harness.small import record

FILE = Path("case.json")
FOREIGN = (
    "cmd:sh -c 'id > PWNED'",
    "http://127.0.0.1:1",
    "evil:X",
    "os:system",
    "lockstep.cli.main:main",
    "lockstep_mutants.catalogue:Row",
    "lockstep_mutants.races:Nobody",
    "lockstep_mutants.races:Batched",
    "lockstep_parallel.executors.batched:Batched",
    " batched:x",
    ":",
)


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_not_ours_is_refused_in_a_line_that_shows_what_the_file_asks_for(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        OURS_ALONE.check(name, FILE)
    assert str(raised.value).startswith(f"case.json asks for the executor {name}, ")
    assert "--trust" in str(raised.value)
    Trust(everything=True).check(name, FILE)
    Trust(frozenset({name})).check(name, FILE)
    with pytest.raises(UsageError):
        Trust(frozenset({name + " "})).check(name, FILE)


def test_what_is_built_in_and_every_planted_fault_is_ours() -> None:
    for name in (*BUILT_IN, *(row.executor for row in (*ROWS, *MASKED))):
        OURS_ALONE.check(name, FILE)


FOREIGN_STORES = (
    "evil:S",
    "os:system",
    "lockstep_mutants.stores:CachedNonces",
    "lockstep_mutants.races:DestinationsMissing",
    "lockstep_ledger.storage.rocksdb:Database",
    "batched",
    "memory",
)


@pytest.mark.parametrize("name", FOREIGN_STORES)
def test_a_store_that_is_not_ours_is_refused_in_a_line_that_shows_it(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        OURS_ALONE.check_storage(name, FILE)
    assert str(raised.value).startswith(f"case.json asks for the storage {name}, ")
    assert "--trust" in str(raised.value)
    Trust(everything=True).check_storage(name, FILE)
    Trust(frozenset({name})).check_storage(name, FILE)


def test_the_right_store_and_every_faulty_one_of_the_catalogue_are_ours() -> None:
    stores = [row.storage for row in ROWS if row.storage]
    assert len(stores) == 6
    for name in ("", RIGHT_STORAGE, *stores):
        OURS_ALONE.check_storage(name, FILE)


def test_a_file_runs_over_its_own_store_or_where_the_user_says() -> None:
    own = Setting("evil:X", 7, storage="evil:S")
    asking = record(setting=own)
    with pytest.raises(UsageError, match="the storage evil:S"):
        setting_in(asking, FILE, OURS_ALONE, "dag")
    with pytest.raises(UsageError, match="the executor evil:X"):
        setting_in(asking, FILE, OURS_ALONE, storage="memory")
    assert setting_in(asking, FILE, Trust(everything=True)) == own
    for elsewhere in ("memory", "rocksdb"):
        assert setting_in(asking, FILE, OURS_ALONE, "dag", elsewhere) == Setting("dag", 7)
    assert setting_in(asking, FILE, OURS_ALONE, "dag", "my:S") == Setting("dag", 7, storage="my:S")


def test_the_line_is_harmless_whatever_the_file_asks_for() -> None:
    for name in ("cmd:\x1b[2J\x1b]0;owned\x07", "x:\n::error::forged", "cmd:" + "a" * 10_000):
        with pytest.raises(UsageError) as raised:
            OURS_ALONE.check(name, FILE)
        text = str(raised.value)
        assert text.isprintable()
        assert len(text) < 500
        assert text.endswith("--trust runs what a file names")


def test_a_file_runs_under_its_own_setting_or_on_what_is_named_instead() -> None:
    own = Setting("evil:X", 7, "threads")
    asking = record(setting=own)
    with pytest.raises(UsageError):
        setting_in(asking, FILE, OURS_ALONE)
    assert setting_in(asking, FILE, Trust(everything=True)) == own
    assert setting_in(asking, FILE, OURS_ALONE, "dag") == Setting("dag", 7, "threads")
    assert setting_in(record(), FILE, OURS_ALONE) == Setting()


def test_our_own_modules_are_never_looked_for_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each != str(tmp_path)])
    imported("lockstep_mutants.races:DestinationsMissing", "executor")
    assert str(tmp_path) not in sys.path
    with pytest.raises(UsageError, match="cannot import absent"):
        imported("absent:X", "executor")
    assert sys.path[0] == str(tmp_path)


def test_the_command_that_replays_a_finding_names_the_executor_that_its_file_may_not() -> None:
    assert replay_command(FILE, Setting("canary")) == "lockstep replay case.json"
    assert replay_command(FILE, Setting("my:Own")) == "lockstep replay case.json --executor my:Own"
    command = replay_command(FILE, Setting("dag", storage="my:Store"))
    assert command == "lockstep replay case.json --storage my:Store"
    command = replay_command(FILE, Setting(storage="lockstep_mutants.stores:TornSnapshot"))
    assert command == "lockstep replay case.json"
    command = replay_command(Path("it's"), Setting("cmd:sh -c 'x y'"))
    assert command == """lockstep replay 'it'"'"'s' --executor 'cmd:sh -c '"'"'x y'"'"''"""
    assert (
        replay_command(Path("caf\udce9\x1b"), Setting("dag")) == "lockstep replay $'caf\\xe9\\x1b'"
    )
    assert is_ours("dag")
