"""The terminal has one writer: what stays is whole at every width, no table is cut in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.harness.cli.command_line import DIVERGENCE, PROGRAM
from tests.repository import REPOSITORY

WIDTHS = [50, 80, 120]
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|(.)", re.DOTALL)


class Terminal:
    """What a terminal of some columns shows of what is written to it."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._rows: list[list[str]] = [[]]
        self._wrapped: list[bool] = [False]
        self._at = 0

    def write(self, text: str) -> None:
        for parameters, letter, character in SEQUENCE.findall(text):
            if letter:
                assert f"{parameters}{letter}" == "2K" or letter == "m", "nothing else is used"
                self._rows[-1] = [] if letter == "K" else self._rows[-1]
            elif character == "\r":
                self._at = 0
            elif character == "\n":
                self._new_row(wrapped=False)
            else:
                self._put(character)

    def lines(self) -> list[str]:
        """Return the lines that were written, those that were wrapped in one piece again."""
        lines: list[str] = []
        for row, wrapped in zip(self._rows, self._wrapped, strict=True):
            text = "".join(row)
            if wrapped:
                lines[-1] += text
            else:
                lines.append(text)
        return lines

    def _put(self, character: str) -> None:
        if self._at == self._columns:
            self._new_row(wrapped=True)
        row = self._rows[-1]
        row.extend(" " * (self._at - len(row)))
        row[self._at : self._at + 1] = [character]
        self._at += 1

    def _new_row(self, *, wrapped: bool) -> None:
        self._rows.append([])
        self._wrapped.append(wrapped)
        self._at = 0


def on_terminal(
    command: Sequence[str], columns: int, environment: Mapping[str, str] = {}, *, output: int = -1
) -> str:
    """Return all that a program writes to a terminal; ``output`` is another place for its words."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    clean = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(  # noqa: S603 - this checkout's own program
        command,
        cwd=REPOSITORY,
        env={**clean, "TERM": "xterm-256color", **environment},
        stdin=slave,
        stdout=slave if output < 0 else output,
        stderr=slave,
    )
    os.close(slave)
    heard = b""
    with suppress(OSError):
        while data := os.read(master, 65536):
            heard += data
    process.wait()
    os.close(master)
    return heard.decode().replace("\r\n", "\n")


TALKING = """
import time
from lockstep.cli import screen
screen.DRAW_SECONDS = screen.FIRST_SECONDS = 0.0
screen.CLOCK_SECONDS = {clock}
with screen.Screen() as it:
    for number in range(40):
        it.progress(f"progress {{number}} " + "=" * 200)
        it.tell([f"stays {{number}} " + "x" * (number * 7)])
        it.progress("progress again " + "-" * number)
        it.complain(f"complains {{number}}")
"""


@pytest.mark.parametrize("columns", WIDTHS)
def test_lines_that_stay_are_whole_and_in_order_and_no_progress_is_left(columns: int) -> None:
    terminal = Terminal(columns)
    terminal.write(on_terminal((sys.executable, "-c", TALKING.format(clock=1e9)), columns))
    wanted: list[str] = []
    for number in range(40):
        wanted += [f"stays {number} " + "x" * (number * 7), f"complains {number}"]
    assert [line.rstrip() for line in terminal.lines() if line] == [w.rstrip() for w in wanted]


@pytest.mark.parametrize("columns", WIDTHS)
def test_in_a_long_run_the_time_of_day_stands_before_what_is_told(columns: int) -> None:
    terminal = Terminal(columns)
    terminal.write(on_terminal((sys.executable, "-c", TALKING.format(clock=0)), columns))
    lines = [line for line in terminal.lines() if line]
    told = [at for at, line in enumerate(lines) if line.startswith("stays")]
    assert len(told) == 40
    assert all(re.fullmatch(r"at \d\d:\d\d:\d\d", lines[at - 1]) for at in told)


@pytest.mark.parametrize("columns", WIDTHS)
def test_every_finding_of_a_campaign_can_be_read_and_replayed_from_the_terminal(
    columns: int, tmp_path: Path
) -> None:
    terminal = Terminal(columns)
    words: tuple[str, ...] = ("fuzz", "--cases", "300", "--seed", "demo", "--executor", "canary")
    words += ("--storage", "memory", "--findings", str(tmp_path))
    terminal.write(on_terminal((*PROGRAM, *words), columns))
    lines = terminal.lines()
    met = [line for line in lines if line.startswith("met ")]
    told = [line for line in lines if re.match(r"[A-Z_]+ [0-9a-f]{4,}\S*  executor canary$", line)]
    shapes = [line for line in lines if re.match(r"[0-9a-f]{12} is of kind [0-9a-f]{12},", line)]
    paths = {
        match[1]
        for line in lines
        if (match := re.search(r"(?:replay: lockstep replay|kept beside it:) (\S+)", line))
    }
    kept = {str(path) for path in tmp_path.rglob("*.json")}
    assert 1 <= len(told) < len(met) == len(shapes) + 1
    assert len(kept) == len(told) + len(shapes)
    assert kept <= paths
    assert not [line for line in lines if re.search(r" cases  \d+/s ", line)]


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\s│┃┏┓┗┛━─┌┐└┘├┤┼╇╈╞╡╪┡┩┳┴╷╵]+", text)


def audited(tail: Sequence[str]) -> tuple[str, ...]:
    executor = "tests.harness.faulty_executors:OneFeeTooMany"
    quick = ("--campaigns", "1", "--budget", "20s", "--storage", "memory")
    return (*PROGRAM, "audit", "--executor", executor, *quick, *tail)


@pytest.mark.parametrize("columns", ["", "40", "80"])
def test_in_a_pipe_the_table_of_an_audit_is_whole_in_one_row_a_subject(columns: str) -> None:
    ended = subprocess.run(  # noqa: S603 - this checkout's own program
        audited(()),
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": columns},
        capture_output=True,
        text=True,
        check=False,
    )
    (row,) = [line for line in ended.stdout.splitlines() if line.startswith("│")]
    assert "OneFeeTooMany" in row
    assert "1/1" in row
    assert "diverge" in row
    assert "…" not in ended.stdout


def test_on_a_terminal_too_narrow_for_its_table_an_audit_is_read_line_by_line() -> None:
    terminal = Terminal(80)
    terminal.write(on_terminal(audited(()), 80))
    lines = [line.rstrip() for line in terminal.lines()]
    assert "fault         OneFeeTooMany" in lines
    assert "found         1/1" in lines
    assert "verdict       diverge" in lines
    assert not [line for line in lines if "…" in line]


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_table_of_a_campaign_fits_any_terminal(columns: int, tmp_path: Path) -> None:
    words: tuple[str, ...] = ("fuzz", "--cases", "5", "--seed", "one", "--storage", "memory")
    text = on_terminal((*PROGRAM, *words, "--findings", str(tmp_path)), columns)
    table = [line for line in text.splitlines() if line.startswith(("│", "┌", "└"))]
    assert table
    assert len({len(line) for line in table}) == 1
    assert len(table[0]) <= columns
    said = words_of("\n".join(table))
    assert {"behaviour", "met", "canaries", "caught", "fraction"} <= set(said)
    assert "…" not in text


def bench(tail: Sequence[str]) -> tuple[str, ...]:
    few = ("--transactions", "20", "--rounds", "1", "--workload", "uniform", "--accounts", "64")
    return (*PROGRAM, "bench", *few, "--executor", "batched", *tail)


def test_in_a_pipe_the_table_of_a_bench_is_whole() -> None:
    ended = subprocess.run(  # noqa: S603 - this checkout's own program
        bench(()),
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": "40"},
        capture_output=True,
        text=True,
        check=False,
    )
    (head,) = [line for line in ended.stdout.splitlines() if "workload" in line and "┃" in line]
    assert words_of(head)[-3:] == ["re-executions", "batches", "fallback"]
    assert "…" not in ended.stdout


def test_verdicts_are_in_colour_on_a_terminal_unless_that_is_not_wanted(tmp_path: Path) -> None:
    words: tuple[str, ...] = ("fuzz", "--cases", "6", "--seed", "demo", "--executor", "canary")
    words += ("--storage", "memory", "--findings", str(tmp_path))
    coloured = on_terminal((*PROGRAM, *words), 100)
    plain = on_terminal((*PROGRAM, *words), 100, {"NO_COLOR": "1"})
    assert re.search(r"\x1b\[1;31mDIVERGE\x1b\[0m", coloured)
    assert "DIVERGE" in plain
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain)


def test_with_its_words_in_a_pipe_progress_is_drawn_on_the_terminal_alone(tmp_path: Path) -> None:
    words: tuple[str, ...] = ("fuzz", "--cases", "40", "--seed", "demo", "--executor", "canary")
    words += ("--storage", "memory", "--findings", str(tmp_path / "findings"))
    with (tmp_path / "said.txt").open("wb") as output:
        drawn = on_terminal((*PROGRAM, *words), 80, output=output.fileno())
    said = (tmp_path / "said.txt").read_text()
    assert "\x1b" not in said
    assert "DIVERGE" in said
    assert "DIVERGE" not in drawn
    terminal = Terminal(80)
    terminal.write(drawn)
    assert [line for line in terminal.lines() if line.strip()] == []


def test_a_campaign_on_a_terminal_ends_with_its_own_exit_code(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    words: tuple[str, ...] = ("fuzz", "--cases", "6", "--seed", "demo", "--executor", "canary")
    words += ("--storage", "memory", "--findings", str(tmp_path))
    with subprocess.Popen(  # noqa: S603 - this checkout's own program
        (*PROGRAM, *words), cwd=REPOSITORY, stdin=slave, stdout=subprocess.DEVNULL, stderr=slave
    ) as process:
        os.close(slave)
        assert process.wait() == DIVERGENCE
    os.close(master)
