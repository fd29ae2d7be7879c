"""Whatever is the matter with a database is one line that names it."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import Result

from lockstep_ledger.storage.rocksdb import Database
from tests.harness.cli.command_line import (
    AGREE,
    FAULT,
    PROGRAM,
    ROOT,
    assert_one_line,
    fuzz,
    lockstep,
)


def replay_in(database: Path, case_file: Path) -> Result:
    return lockstep("replay", case_file, "--storage", "rocksdb", "--database", database)


def corrupt(path: Path) -> None:
    """Make ``path`` a database whose CURRENT file was cut off."""
    Database(path).close()
    (path / "CURRENT").write_bytes(b"MANIF")


def test_a_database_is_made_where_there_is_none(case_file: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert replay_in(tmp_path / "new", case_file).exit_code == AGREE


def test_a_database_that_is_a_file_is_one_line(case_file: Path, findings: Path) -> None:
    assert_one_line(replay_in(case_file, case_file), FAULT, str(case_file), "not a directory")
    result = fuzz("--findings", findings, "--storage", "rocksdb", "--database", case_file)
    assert_one_line(result, FAULT, str(case_file))


def test_a_corrupt_database_is_one_line(case_file: Path, findings: Path, tmp_path: Path) -> None:
    corrupt(tmp_path / "cut")
    assert_one_line(replay_in(tmp_path / "cut", case_file), FAULT, str(tmp_path / "cut"), "orrupt")
    corrupt(tmp_path / "cut" / "main")
    result = fuzz("--findings", findings, "--storage", "rocksdb", "--database", tmp_path / "cut")
    assert_one_line(result, FAULT, str(tmp_path / "cut" / "main"), "orrupt")


def test_a_folder_that_is_no_database_is_one_line(case_file: Path, tmp_path: Path) -> None:
    assert_one_line(replay_in(tmp_path, case_file), FAULT, str(tmp_path), "not a database")


def test_a_database_that_is_open_already_is_one_line(case_file: Path, tmp_path: Path) -> None:
    with Database(tmp_path / "held"):
        result = replay_in(tmp_path / "held", case_file)
    assert_one_line(result, FAULT, "locked: this process has it open already")


def test_a_database_that_another_process_holds_is_one_line(tmp_path: Path, findings: Path) -> None:
    with Database(tmp_path / "main"):
        arguments = ("fuzz", "--cases", "1", "--database", tmp_path, "--findings", findings)
        ended = subprocess.run(  # noqa: S603 - this checkout's own program
            [*PROGRAM, *map(str, arguments)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == FAULT
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"lockstep: storage: {tmp_path / 'main'}: locked: another process")


def test_a_disk_without_room_for_a_database_is_one_line(
    case_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: str) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    result = lockstep("replay", case_file, "--storage", "rocksdb")
    assert_one_line(result, FAULT, "No space left on device")
