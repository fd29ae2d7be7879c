"""The README: its samples print what it says, its tables name what commands and options exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.harness.cli.commands import COMMANDS
from tests.repository import REPOSITORY

README = (REPOSITORY / "README.md").read_text("utf-8")
SAMPLES = re.findall(r"^\$ (lockstep .*)\n((?:(?!\$ |```).*\n)*)", README, re.MULTILINE)
"""Every command behind a prompt, and the lines below it."""

LEFT_OUT = "..."
"""A line that stands for any number of lines."""


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    _, *arguments = shlex.split(command)
    return subprocess.run(  # noqa: S603 - this checkout's own program
        [sys.executable, "-m", "lockstep", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )


def without_timings(text: str) -> str:
    timeless = re.sub(r"\d+\.\d s +", "(time) ", text)
    return re.sub(r"/[0-9a-f]{16}\.json", "/(content).json", timeless)


def pattern(shown: str) -> str:
    """Return the expression for all that the README says can be printed."""
    lines = without_timings(shown).splitlines(keepends=True)
    return "".join(r"(?:.*\n)*" if line.strip() == LEFT_OUT else re.escape(line) for line in lines)


def test_the_samples_print_what_the_readme_says(tmp_path: Path) -> None:
    assert SAMPLES
    for command, shown in SAMPLES:
        ended = run(command, tmp_path)
        printed = without_timings(ended.stdout)
        assert re.fullmatch(pattern(shown), printed), f"{command}\n{printed}{ended.stderr}"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("a\n", "b\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n...\n", "a\nb\nc\n", True),
        ("...\nc\n", "a\nb\nc\n", True),
        ("...\nb\n", "a\nb\nc\n", False),
        ("| in 2.2 s  |\n", "| in 12.9 s |\n", True),
        ("| 1 in 2.2 s  |\n", "| 2 in 12.9 s |\n", False),
    ],
)
def test_a_sample_is_held_to_all_but_timings_and_what_it_leaves_out(
    shown: str, printed: str, same: bool
) -> None:
    assert bool(re.fullmatch(pattern(shown), without_timings(printed))) == same


def test_the_executor_written_in_the_readme_passes_the_campaign_below_it(tmp_path: Path) -> None:
    source = re.search(r"```python\n# (my_executor\.py)\n(.*?)```", README, re.DOTALL)
    command = re.search(r"^lockstep fuzz .* my_executor:OneByOne$", README, re.MULTILINE)
    assert source is not None
    assert command is not None
    (tmp_path / source[1]).write_text(source[2])
    ended = run(command[0], tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "fuzzing my_executor:OneByOne (scheduled)" in ended.stdout


# Tables.


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table whose first line begins with ``heading``."""
    table = README.partition(f"\n{heading}")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in table]


def test_the_table_of_commands_has_every_command() -> None:
    told = " ".join(first for first, _ in rows("| command |"))
    named = {words[1] for words in re.findall(r"(`)lockstep ([a-z-]+)", told)}
    assert named == {words[0] for words in COMMANDS if words}
    within = {"cover", "distill", "grow", "add", "list", "check"}
    assert within == {words[1] for words in COMMANDS if len(words) == 2}
    assert all(f"{each}`" in told for each in within)


@pytest.mark.parametrize(("column", "command"), [(1, "fuzz"), (2, "replay"), (3, "vectors")])
def test_the_table_of_options_has_those_of_a_command_with_their_defaults(
    column: int, command: str
) -> None:
    told = {row[0].strip("`").split()[0]: row[column] for row in rows("| option |")}
    params = {each.opts[0]: each for each in COMMANDS[command,].params}
    options = {name: each for name, each in params.items() if isinstance(each, click.Option)}
    assert {name for name, cell in told.items() if cell} == options.keys()
    for name, option in options.items():
        default = option.to_info_dict()["default"]
        if default is not None and not option.is_flag:
            words = default if isinstance(default, tuple) else (default,)
            assert told[name] == ", ".join(map(str, words)), name
