"""What `--help` prints, of the group and of every command, is what the files in `help/` hold.

After a change that is meant, `python -m tests.harness.cli.test_help` writes them anew; read the
difference before you commit it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lockstep.cli.main import main
from tests.harness.cli.commands import COMMANDS

SNAPSHOTS = Path(__file__).parent / "help"
WIDTH = 80


def snapshot(words: tuple[str, ...]) -> Path:
    return SNAPSHOTS / f"{'-'.join(words) or 'lockstep'}.txt"


def help_of(words: tuple[str, ...]) -> str:
    result = CliRunner().invoke(main, [*words, "--help"], terminal_width=WIDTH)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("words", list(COMMANDS), ids=" ".join)
def test_help_is_what_its_snapshot_holds(words: tuple[str, ...]) -> None:
    assert help_of(words) == snapshot(words).read_text("utf-8")


def test_every_snapshot_is_of_a_command() -> None:
    assert set(SNAPSHOTS.iterdir()) == {snapshot(words) for words in COMMANDS}


@pytest.mark.parametrize("words", list(COMMANDS), ids=" ".join)
def test_help_fits_into_80_columns(words: tuple[str, ...]) -> None:
    assert max(map(len, help_of(words).splitlines())) <= WIDTH


@pytest.mark.parametrize("words", [words for words in COMMANDS if len(words) == 1], ids=" ".join)
def test_the_group_tells_of_a_command_what_it_says_of_itself_first(words: tuple[str, ...]) -> None:
    told = main.commands[words[0]].short_help
    said = " ".join((COMMANDS[words].help or "").split())
    assert told == said[: said.index(".") + 1]


def renew() -> None:
    """Write every snapshot anew, and no other file."""
    SNAPSHOTS.mkdir(exist_ok=True)
    for file in SNAPSHOTS.iterdir():
        file.unlink()
    for words in COMMANDS:
        snapshot(words).write_text(help_of(words), "utf-8")


if __name__ == "__main__":
    renew()
