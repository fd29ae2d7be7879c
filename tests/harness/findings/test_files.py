"""Files to replay: every one is run or named, and none keeps the others from their turn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from lockstep.case.file import CaseFileError, Setting, save
from lockstep.faults import HarnessFault, UsageError
from lockstep.findings import files
from lockstep.findings.files import (
    Options,
    RefusedFile,
    ReplayedFile,
    Totals,
    files_in,
    replay_paths,
)
from lockstep.findings.replay import replay as really
from lockstep.report.replay import total_lines
from lockstep.targets.trust import Trust
from tests.harness.cli.command_line import (
    AGREE,
    DIVERGENCE,
    FAULT,
    TARGETS,
    USAGE,
    assert_one_line,
    lockstep,
)
from tests.harness.small import record

TRUSTING = Options(trust=Trust(everything=True))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return save(record(setting=Setting()), tmp_path)


def replayed(
    *paths: Path, options: Options | None = None
) -> tuple[Totals, list[ReplayedFile | RefusedFile]]:
    totals = Totals()
    return totals, list(replay_paths(paths, options or Options(), "memory", None, totals))


def named(folder: Path, name: str, **setting: object) -> Path:
    """Write a case that names this setting."""
    own = replace(Setting(), **setting)  # type: ignore[arg-type]
    return save(record(setting=own), folder).rename(folder / name)


BROKEN = {
    "another project's": (lambda path: path.write_text('{"name": "x"}'), "not a case file"),
    "no JSON": (lambda path: path.write_text("{"), "not JSON"),
    "a pipe": (os.mkfifo, "not a regular file"),
    "a folder of that name": (Path.mkdir, "Is a directory"),
    "a link to nowhere": (lambda path: path.symlink_to("nowhere"), "No such file"),
    "huge": (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 1 << 40), "above the"),
}


@pytest.mark.parametrize(("make", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_run(
    make: object, reason: str, good: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.json"
    assert callable(make)
    make(path)
    totals, (refused, ran) = replayed(tmp_path)
    assert isinstance(refused, RefusedFile)
    assert (refused.path, refused.broken) == (path, False)
    assert refused.reason.startswith(f"{path}: ")
    assert reason in refused.reason
    assert isinstance(ran, ReplayedFile)
    assert ran.path == good
    assert (totals.files, totals.refused, totals.broken) == (1, 1, 0)
    result = lockstep("replay", tmp_path)
    assert_one_line(result, USAGE, str(path), reason)
    assert "1 cases, 1 runs: 1 agree" in result.stdout
    assert result.stdout.endswith(", 1 files refused\n")


UNUSABLE = {
    "no such module": ({"executor": "no_such_module:X"}, "cannot import no_such_module"),
    "no such class": ({"executor": f"{TARGETS}:Nobody"}, "has no class Nobody"),
    "cannot be built": ({"executor": f"{TARGETS}:Unbuildable"}, "cannot be built: ValueError"),
    "unknown": ({"executor": "btached"}, "unknown executor 'btached'"),
    "unknown driver": ({"driver": "horses"}, "unknown driver 'horses'"),
    "unknown access": ({"access": "magic"}, "unknown access mode 'magic'"),
    "no such program": ({"executor": "cmd:./no-such-program"}, "no-such-program"),
}


@pytest.mark.parametrize(("setting", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_whose_executor_cannot_be_used_is_named_and_the_others_are_run(
    setting: dict[str, object], reason: str, good: Path, tmp_path: Path
) -> None:
    path = named(tmp_path, "bad.json", **setting)
    totals, ended = replayed(tmp_path, options=TRUSTING)
    [refused] = [each for each in ended if isinstance(each, RefusedFile)]
    assert refused.reason.startswith(f"{path}: ")
    assert reason in refused.reason
    assert [each.path for each in ended if isinstance(each, ReplayedFile)] == [good]
    assert totals.refused + totals.broken == 1
    code = FAULT if refused.broken else USAGE
    assert_one_line(lockstep("replay", "--trust", tmp_path), code, str(path), reason)


def test_a_server_that_is_not_there_breaks_its_own_file_alone(good: Path, tmp_path: Path) -> None:
    path = named(tmp_path, "bad.json", executor="http://127.0.0.1:1")
    totals, ended = replayed(tmp_path, options=TRUSTING)
    assert (totals.files, totals.refused, totals.broken) == (1, 0, 1)
    assert {type(each) for each in ended} == {RefusedFile, ReplayedFile}
    result = lockstep("replay", tmp_path, "--trust")
    assert_one_line(result, FAULT, f"{path}: no labu server at http://127.0.0.1:1")
    assert "1 files broken off" in result.stdout


def test_a_case_that_breaks_the_harness_is_named_and_the_others_are_run(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = named(tmp_path, "bad.json", workers=2)

    def replay(asked: object, *rest: object, **more: object) -> object:
        if not broken:
            broken.append(asked)
            raise HarnessFault("the reference failed\non a block")
        return really(asked, *rest, **more)  # type: ignore[arg-type]

    broken: list[object] = []
    monkeypatch.setattr(files, "replay", replay)
    totals, ended = replayed(bad, good)
    assert ended[0] == RefusedFile(bad, f"{bad}: the reference failed on a block", broken=True)
    assert isinstance(ended[1], ReplayedFile)
    assert totals.broken == 1


def test_a_refused_file_outweighs_a_divergence_and_a_divergence_what_broke(tmp_path: Path) -> None:
    failing = named(tmp_path, "canary.json", executor="canary")
    assert lockstep("replay", tmp_path).exit_code == DIVERGENCE
    named(tmp_path, "server.json", executor="http://127.0.0.1:1")
    assert lockstep("replay", tmp_path, "--trust").exit_code == DIVERGENCE
    (tmp_path / "bad.json").touch()
    assert lockstep("replay", tmp_path, "--trust").exit_code == USAGE
    assert lockstep("replay", failing, "--executor", "batched").exit_code == AGREE


def test_where_nothing_was_run_there_are_no_totals(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.touch()
    totals, _ = replayed(path)
    assert list(total_lines(totals)) == []
    assert lockstep("replay", path).stdout == ""


def test_an_executor_that_the_user_names_wrongly_is_told_once(tmp_path: Path, good: Path) -> None:
    named(tmp_path, "other.json", workers=2)
    result = lockstep("replay", tmp_path, "--executor", "no_such_module:X")
    assert_one_line(result, USAGE, "cannot import no_such_module")


# Paths.


def test_a_path_where_nothing_is_is_refused(tmp_path: Path) -> None:
    for name, reason in (("absent", "no such file"), ("a" * 300, "too long"), ("a\0b", "null")):
        with pytest.raises(CaseFileError, match=reason):
            list(files_in([tmp_path / name]))


def test_a_folder_that_cannot_be_looked_into_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scandir(path: str) -> Iterator[NoReturn]:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(CaseFileError, match=r".*: Permission denied: "):
        list(files_in([tmp_path]))


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no case files in"):
        replayed(tmp_path)


def test_a_case_of_too_many_bytes_is_refused_when_it_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(record(), tmp_path)
    monkeypatch.setattr("lockstep_ledger.block.MOST_BYTES", 10)
    assert_one_line(
        lockstep("replay", path), USAGE, f"{path}: ", "bytes of transactions in a block"
    )
