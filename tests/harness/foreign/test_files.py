"""Files of others: a regular file of bearable size is read, anything else is refused unread."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from lockstep.foreign import files
from lockstep.foreign.files import FileRefused, below, read


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.json"


def test_a_regular_file_is_read_whole(path: Path) -> None:
    path.write_bytes(b"{}" * 1000)
    assert read(path) == b"{}" * 1000
    link = path.with_name("link.json")
    link.symlink_to(path)
    assert read(link) == b"{}" * 1000


def test_a_pipe_is_refused_without_waiting_for_its_writer(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(FileRefused, match="not a regular file"):
        read(path)


def test_a_pipe_with_a_writer_loses_nothing(path: Path) -> None:
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR)
    os.write(descriptor, b"{}")
    with pytest.raises(FileRefused):
        read(path)
    assert os.read(descriptor, 10) == b"{}"
    os.close(descriptor)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/stdin"])
def test_a_device_is_refused(device: str) -> None:
    if Path(device).is_file():
        pytest.skip("standard input is a file here")
    with pytest.raises(FileRefused, match=r"not a regular file|No such"):
        read(Path(device))


def test_a_huge_file_is_refused_before_it_is_read(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FileRefused, match="1099511627776 bytes or more, above the 67108864"):
        read(path)


def test_the_largest_file_is_read_and_no_larger_one(path: Path) -> None:
    path.write_bytes(b"x" * 10)
    assert read(path, 10) == b"x" * 10
    with pytest.raises(FileRefused, match="10 bytes or more, above the 9"):
        read(path, 9)


def test_a_file_that_grows_while_it_is_read_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"x" * 10)
    monkeypatch.setattr(files, "_check", lambda *_: None)
    with pytest.raises(FileRefused, match="above the 9"):
        read(path, 9)


def test_a_file_that_becomes_a_pipe_between_the_looks_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(path)
    looks: list[object] = []
    check = files._check

    def second_only(found: os.stat_result, most: int) -> None:
        looks.append(found)
        if len(looks) == 2:
            check(found, most)

    monkeypatch.setattr(files, "_check", second_only)
    writer = threading.Thread(target=lambda: os.close(os.open(path, os.O_RDWR)))
    writer.start()
    with pytest.raises(FileRefused, match="not a regular file"):
        read(path)
    writer.join()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent", "No such file"),
        (".", "Is a directory"),
        ("a\0b", "null"),
        ("a" * 300, "too long"),
    ],
)
def test_a_path_where_there_is_no_file_is_refused(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=reason):
        read(tmp_path / name)


def test_what_is_below_a_folder_is_found_in_order(tmp_path: Path) -> None:
    names = {"b.json", "a/z.json", "a/b/c.json", ".hidden.json", "folder.json/x.json"}
    for name in names | {"a/no.txt"}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [str(each.relative_to(tmp_path)) for each in below(tmp_path)]
    assert found == sorted(found, key=Path)
    assert set(found) == names | {"folder.json"}


def test_a_folder_that_cannot_be_looked_into_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    scan = os.scandir

    def scandir(path: str) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(FileRefused, match=r"Permission denied: .*closed"):
        below(tmp_path)
