"""What a run leaves in the temporary folder is deleted by the next one, and nothing else is."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockstep.faults import HarnessFault
from lockstep.run.stores import open_stores
from lockstep.run.temporary import (
    CONTENT,
    OWNER,
    _start_of,
    delete_those_of_dead_owners,
    temporary_directory,
)

PATIENCE = 60
OWNING = """
import sys
from lockstep.run.stores import open_stores
from lockstep_ledger.model import Account, Chain, State
with open_stores("rocksdb") as stores, stores.holding(State(Chain(), {bytes(32): Account()})):
    print("open", flush=True)
    sys.stdin.read()
"""
NOBODY = 2**22 + 1
"""The number of no process: above the highest that a system gives."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the temporary folder of everything in a test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@contextmanager
def owner() -> Iterator[subprocess.Popen[str]]:
    """Run a process that has a temporary database open."""
    with subprocess.Popen(  # noqa: S603 - the text above
        [sys.executable, "-c", OWNING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()


def left_by(process: int, folder: Path, start: str | None = "1") -> Path:
    """Make what a process of that number would have left."""
    path = folder / f"lockstep-{process}-abcd_123"
    (path / CONTENT).mkdir(parents=True)
    (path / CONTENT / "CURRENT").write_text("MANIFEST-000001\n")
    if start is not None:
        (path / OWNER).write_text(start)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_run_leaves_nothing(folder: Path) -> None:
    with open_stores("rocksdb"):
        assert len(names_in(folder)) == 1
    assert names_in(folder) == []


def test_what_a_killed_run_left_is_deleted_by_the_next_one(folder: Path) -> None:
    with owner() as process:
        process.kill()
    (left,) = names_in(folder)
    assert (folder / left / CONTENT / "CURRENT").exists()
    with open_stores("rocksdb"):
        assert left not in names_in(folder)
    assert names_in(folder) == []


def test_a_killed_process_that_nobody_has_waited_for_is_dead(folder: Path) -> None:
    with owner() as process:
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        delete_those_of_dead_owners(folder)
        assert names_in(folder) == []


def test_what_a_living_run_has_stays(folder: Path) -> None:
    with owner() as process:
        (there,) = names_in(folder)
        assert there.startswith(f"lockstep-{process.pid}-")
        with open_stores("rocksdb"):
            assert there in names_in(folder)
        assert (folder / there / CONTENT / "CURRENT").exists()
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    assert names_in(folder) == []


def test_a_process_that_was_given_the_number_of_a_dead_owner_is_not_the_owner(
    folder: Path,
) -> None:
    started = _start_of(os.getpid())
    if not started:
        pytest.skip("this system does not tell when a process started")
    kept = left_by(os.getpid(), folder, started)
    gone = left_by(os.getppid(), folder, f"{_start_of(os.getppid())}0")
    delete_those_of_dead_owners(folder)
    assert (kept.exists(), gone.exists()) == (True, False)


def test_what_somebody_has_locked_stays_though_no_process_of_that_number_is_seen(
    folder: Path,
) -> None:
    path = left_by(NOBODY, folder)
    with (path / OWNER).open() as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        delete_those_of_dead_owners(folder)
        assert path.exists()
    delete_those_of_dead_owners(folder)
    assert not path.exists()


def test_what_another_user_left_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = left_by(NOBODY, folder)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    delete_those_of_dead_owners(folder)
    assert (path / CONTENT / "CURRENT").exists()


def test_what_only_looks_like_one_of_ours_stays(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / OWNER).write_text("1")
    (folder / f"lockstep-{NOBODY}-symlink1").symlink_to(folder / "elsewhere")
    (folder / f"lockstep-{NOBODY}-regular1").write_text("mine")
    (folder / "lockstep-results").mkdir()
    (folder / f"lockstep-{NOBODY}-").mkdir()
    (folder / f"lockstep-{NOBODY}-no_owner").mkdir()
    (folder / f"lockstep-{NOBODY}-no_owner" / "thesis.txt").write_text("mine")
    before = names_in(folder)
    delete_those_of_dead_owners(folder)
    assert names_in(folder) == before


@pytest.mark.parametrize("left", ["nothing", "the owner's file"])
def test_what_was_left_half_made_or_half_deleted_is_deleted_too(left: str, folder: Path) -> None:
    path = folder / f"lockstep-{NOBODY}-abcd_123"
    path.mkdir()
    if left != "nothing":
        (path / OWNER).touch()
    delete_those_of_dead_owners(folder)
    assert names_in(folder) == []


def test_a_directory_that_another_run_deletes_while_it_is_made_is_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tempfile.mkdtemp
    taken: list[str] = []

    def make_and_lose(prefix: str, dir: Path) -> str:  # noqa: A002 - as the library has it
        path = made(prefix=prefix, dir=str(dir))
        if not taken:
            taken.append(path)
            Path(path).rmdir()
        return path

    monkeypatch.setattr(tempfile, "mkdtemp", make_and_lose)
    with temporary_directory() as path:
        assert path.is_dir()
        assert path.parent != Path(taken[0])
    assert names_in(folder) == []


def test_runs_that_start_at_once_delete_what_is_dead_and_nothing_of_each_other(
    folder: Path,
) -> None:
    for number in range(40):
        left_by(NOBODY + number, folder)
    command = [sys.executable, "-c", OWNING]
    runs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - the text above
        for _ in range(6)
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "open\n"
    living = {f"lockstep-{run.pid}" for run in runs}
    assert {name.rpartition("-")[0] for name in names_in(folder)} == living
    for run in runs:
        run.communicate(timeout=PATIENCE)
    assert [run.returncode for run in runs] == [0] * 6
    assert names_in(folder) == []


def test_a_temporary_folder_that_takes_nothing_is_a_fault_of_one_line(folder: Path) -> None:
    folder.rmdir()
    with (
        pytest.raises(HarnessFault, match="storage: no temporary directory: ") as caught,
        open_stores("rocksdb"),
    ):
        pass
    folder.mkdir()
    assert "\n" not in str(caught.value)
