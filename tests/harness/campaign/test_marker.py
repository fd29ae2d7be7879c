"""The marker: what a process was at is told by the next, once, and only if it is gone."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path

import pytest

from lockstep.campaign.marker import PREFIX, Marker, left_behind


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


NUMBERS = count(4_194_305)
"""More than the number of any process."""


def died_at(folder: Path, words: str, number: int = 12) -> int:
    """Leave what a process leaves that is killed at a case."""
    with Marker(words) as left:
        left.at(number)
        content = left._path.read_bytes()
    process = next(NUMBERS)
    (folder / f"{PREFIX}{process}").write_bytes(content)
    return process


def test_a_campaign_that_ended_leaves_nothing_behind(temporary: Path) -> None:
    with Marker("seed one, batched") as here:
        here.at(3)
        assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []
    assert list(left_behind()) == []


def test_what_a_dead_process_was_at_is_told_once(temporary: Path) -> None:
    died_at(temporary, "seed one, batched")
    assert list(left_behind()) == ["case 12 of seed one, batched"]
    assert list(left_behind()) == []
    assert list(temporary.iterdir()) == []


def test_of_one_process_only_that_is_told_and_removed(temporary: Path) -> None:
    one, other = died_at(temporary, "one"), died_at(temporary, "other", 7)
    assert list(left_behind(other)) == ["case 7 of other"]
    assert [each.name for each in temporary.iterdir()] == [f"{PREFIX}{one}"]


def test_a_process_that_runs_is_left_alone(temporary: Path) -> None:
    with Marker("one") as here:
        here.at(1)
        assert list(left_behind()) == []
        assert len(list(temporary.iterdir())) == 1


def test_a_dead_process_is_told_whatever_has_its_number_now(temporary: Path) -> None:
    died_at(temporary, "one")
    (left,) = temporary.iterdir()
    left.rename(temporary / f"{PREFIX}1")
    assert list(left_behind()) == ["case 12 of one"]


def test_a_process_that_had_not_begun_is_removed_without_a_word(temporary: Path) -> None:
    (temporary / f"{PREFIX}1").write_bytes(b"\0" * 512)
    assert list(left_behind()) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("words", ["caf\udce9, \x1b[2J\n", "x" * 2000, "名" * 300])
def test_whatever_a_seed_is_what_is_told_is_one_harmless_line(words: str, temporary: Path) -> None:
    died_at(temporary, words)
    (told,) = left_behind()
    assert told.startswith("case 12 of ")
    assert told.isprintable()


def test_where_nothing_can_be_written_nothing_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with Marker("one") as here:
        here.at(1)


def test_other_files_of_such_names_are_left_alone(temporary: Path) -> None:
    for name in (f"{PREFIX}", f"{PREFIX}x", f"{PREFIX}1x", "lockstep-1-abcdefgh"):
        (temporary / name).write_text("case 1 of one")
    assert list(left_behind()) == []
    assert len(list(temporary.iterdir())) == 4
