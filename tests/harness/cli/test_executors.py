"""`lockstep executors` lists everything that `--executor` can name, for people and for scripts."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from contextlib import suppress

import pytest

from lockstep.cli.executors import OTHERS, built_in, listing
from lockstep.targets.named import BUILT_IN, FAULTY, find
from tests.harness.cli.command_line import AGREE, PROGRAM, ROOT, lockstep


def test_every_built_in_executor_is_one_whole_line_in_a_pipe() -> None:
    result = lockstep("executors")
    assert result.exit_code == AGREE
    lines = [re.split(r"\s{2,}", line.strip()) for line in result.stdout.splitlines()]
    assert [tuple(line) for line in lines if line[0] in BUILT_IN] == list(built_in())
    assert {name for name, _ in built_in()} == BUILT_IN.keys()


@pytest.mark.parametrize(("name", "text"), list(built_in()))
def test_an_executor_says_something_of_its_own_in_one_sentence(name: str, text: str) -> None:
    assert text.endswith(".")
    assert [other for other, said in built_in() if said == text] == [name]
    assert "``" not in text


def test_those_that_must_fail_are_marked() -> None:
    assert {name for name, text in built_in() if text.startswith("Must fail: ")} == FAULTY


def test_every_other_kind_of_name_is_told() -> None:
    text = listing(80)
    for form, _ in OTHERS:
        assert form in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_of_any_width_shows_it_whole(width: int) -> None:
    text = listing(width)
    assert max(map(len, text.splitlines())) <= width
    assert text.split() == listing(1000).split()


def test_a_terminal_gets_lines_that_fit() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - this checkout's own program
        [*PROGRAM, "executors"], stdout=theirs, env={**os.environ, "COLUMNS": "80"}
    ) as process:
        os.close(theirs)
        shown = screen(ours)
    assert process.returncode == AGREE
    assert shown.splitlines() == listing(80).splitlines()


def screen(terminal: int) -> str:
    """Return all that is written to ``terminal`` until nobody has it open, and close it."""
    shown = b""
    with suppress(OSError):  # how the kernel says that the other end is closed
        while chunk := os.read(terminal, 4096):
            shown += chunk
    os.close(terminal)
    return shown.decode()


def test_scripts_get_the_names_of_the_correct_ones() -> None:
    result = lockstep("executors", "--correct")
    assert result.exit_code == AGREE
    assert set(result.stdout.split()) == BUILT_IN.keys() - FAULTY
    for name in result.stdout.split():
        find(name)


def test_the_documents_table_has_every_built_in_executor() -> None:
    page = (ROOT / "docs" / "executors.md").read_text("utf-8")
    section = page.partition("## Built-in executors")[2].partition("\n## ")[0]
    first_cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert set(re.findall(r"`([^`]+)`", " ".join(first_cells))) == BUILT_IN.keys()
