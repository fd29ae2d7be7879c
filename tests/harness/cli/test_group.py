"""The group: one file a command, loaded when it is run; every end is one line and an exit code."""

from __future__ import annotations

import ast
import errno
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import click
import pytest

from lockstep import cli
from lockstep.case.file import CaseFileError
from lockstep.cli import group
from lockstep.cli.main import main
from lockstep.faults import HarnessFault, UsageError
from tests.harness.cli.command_line import (
    AGREE,
    DIVERGENCE,
    FAULT,
    GATE,
    PROGRAM,
    USAGE,
    assert_one_line,
    lockstep,
)
from tests.harness.cli.commands import COMMANDS

FILES = {path.stem: path for path in Path(cli.__path__[0]).glob("*.py")}
NO_COMMANDS = {
    "__init__": "the room",
    "entry": "where the program begins",
    "main": "the table of commands",
    "group": "what runs them",
    "options": "what they share",
    "output": "how they print a line",
    "duration": "how one kind of value is read",
    "console": "the terminal around a campaign",
    "exploring": "the terminal around an exploration",
    "screen": "the one writer of a command",
    "ends": "how a command is asked to end",
    "supervised": "a command in a process of its own",
    "exit_codes": "what they end with",
}
"""Files of the command line that are not a command, and what they are."""

LIGHT = {
    "lockstep",
    "lockstep.cli",
    "lockstep.cli.ends",
    "lockstep.cli.entry",
    "lockstep.cli.exit_codes",
    "lockstep.cli.group",
    "lockstep.cli.main",
    "lockstep.faults",
    "lockstep.foreign",
    "lockstep.foreign.text",
    "lockstep.undisturbed",
    "lockstep.verdict",
}
HEAVY = {"blake3", "deepdiff", "hypothesis", "msgspec", "pytest", "rbcl", "rich", "rocksdict"}
"""The project's dependencies, but for click."""


INSTALLED = str(Path(sys.executable).with_name("lockstep"))


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this checkout's own program
        arguments,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **settings},
    )


# Files.


def test_command_x_is_the_file_x_and_no_other_file_is_a_command() -> None:
    assert {name.replace("-", "_") for name in main.commands} == FILES.keys() - NO_COMMANDS.keys()
    assert NO_COMMANDS.keys() <= FILES.keys()


@pytest.mark.parametrize("words", [words for words in COMMANDS if len(words) == 1], ids=" ".join)
def test_a_command_is_called_what_the_group_calls_it(words: tuple[str, ...]) -> None:
    assert COMMANDS[words].name == words[0]


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"entry"}))
def test_imports_stand_at_the_top_of_a_file(name: str) -> None:
    tree = ast.parse(FILES[name].read_text("utf-8"))
    functions = (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef))
    for function in functions:
        inside = [
            each for each in ast.walk(function) if isinstance(each, ast.Import | ast.ImportFrom)
        ]
        assert not inside, f"{name}.{function.name}"


# What is loaded.


def loaded_by(*arguments: str) -> set[str]:
    """Return the modules that are loaded when the program with these arguments has ended."""
    text = "import atexit, sys; from lockstep.cli.entry import main; "
    text += "atexit.register(lambda: print('loaded', *sys.modules, file=sys.stderr)); main()"
    ended = run(sys.executable, "-c", text, *arguments)
    assert ended.returncode == AGREE, ended.stderr
    word, *modules = ended.stderr.split()
    assert word == "loaded"
    return set(modules)


@pytest.mark.parametrize("option", ["--version", "--help", "-h"])
def test_the_groups_own_options_load_no_command(option: str) -> None:
    modules = loaded_by(option)
    assert {each for each in modules if each.partition(".")[0] == "lockstep"} == LIGHT
    assert not modules & HEAVY


def test_running_a_command_loads_what_it_needs_and_no_other_command() -> None:
    modules = loaded_by("executors")
    assert modules & HEAVY
    others = {f"lockstep.cli.{name}" for name in FILES} - LIGHT - {"lockstep.cli.executors"}
    assert not modules & others


# Ends.

ENDS = {
    "usage": (UsageError("no such\nthing"), USAGE, "no such thing"),
    "case file": (CaseFileError("x.json: truncated"), USAGE, "x.json: truncated"),
    "harness": (HarnessFault("the disk\n  is gone"), FAULT, "the disk is gone"),
    "system": (OSError(errno.ENOSPC, "No space left", "f"), FAULT, "[Errno 28] No space left: 'f'"),
    "interrupt": (KeyboardInterrupt(), FAULT, "interrupted"),
    "bug": (ZeroDivisionError("in\ntwo lines"), FAULT, "internal error: ZeroDivisionError: in two"),
    "recursion": (RecursionError("deep"), FAULT, "internal error: RecursionError: deep"),
    "surrogate": (ValueError("\ud800"), FAULT, "internal error: ValueError: \\ud800"),
    "terminal": (UsageError("\x1b[2J\r lockstep: fine"), USAGE, "\\x1b[2J lockstep: fine"),
    "system, of a strange file": (
        OSError(2, "gone", "\udce9\x1b"),
        FAULT,
        "[Errno 2] gone: '\\udce9\\x1b'",
    ),
    "somebody ends the program": (SystemExit(0), FAULT, "internal error: SystemExit: 0"),
}
each_end = pytest.mark.parametrize(("error", "code", "text"), ENDS.values(), ids=ENDS)


def end_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Have `vectors`, which stands for every command, raise ``error``."""

    def callback(**_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(COMMANDS["vectors",], "callback", callback)


@each_end
def test_what_a_command_raises_is_one_line_and_an_exit_code(
    error: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(group.DEBUG, raising=False)
    end_with(monkeypatch, error)
    assert_one_line(lockstep("vectors", "."), code, f"lockstep: {text}")


@each_end
def test_loading_a_command_ends_as_running_it_does(
    error: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def import_module(_: str) -> NoReturn:
        raise error

    monkeypatch.delenv(group.DEBUG, raising=False)
    monkeypatch.setattr(group, "import_module", import_module)
    assert_one_line(lockstep("fuzz"), code, f"lockstep: {text}")


@each_end
def test_the_groups_own_options_end_as_commands_do(
    error: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_version(_: str) -> NoReturn:
        raise error

    monkeypatch.delenv(group.DEBUG, raising=False)
    monkeypatch.setattr("importlib.metadata.version", no_version)
    assert_one_line(lockstep("--version"), code, f"lockstep: {text}")


@pytest.mark.parametrize("code", [AGREE, DIVERGENCE, USAGE, FAULT, GATE])
def test_what_a_command_returns_is_the_exit_code(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(COMMANDS["vectors",], "callback", lambda **_: code)
    result = lockstep("vectors", ".")
    assert (result.exit_code, result.output) == (code, "")


def test_an_error_nobody_foresaw_says_where_it_was_and_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(group.DEBUG, raising=False)
    end_with(monkeypatch, ValueError("odd"))
    assert_one_line(lockstep("vectors", "."), FAULT, "(test_group.py:", "LOCKSTEP_DEBUG=1")


def test_its_traceback_is_shown_to_who_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(group.DEBUG, "1")
    end_with(monkeypatch, ValueError("odd"))
    result = lockstep("vectors", ".")
    assert result.exit_code == FAULT
    first, *_, last = result.stderr.splitlines()
    assert first == "Traceback (most recent call last):"
    assert last.startswith("lockstep: internal error: ValueError: odd (test_group.py:")


def test_what_click_refuses_is_told_in_its_own_words() -> None:
    for arguments in (("nonsense",), ("fuzz", "--nonsense"), ("vectors",), ()):
        result = lockstep(*arguments)
        assert result.exit_code == USAGE
        assert result.stderr.startswith("Usage: lockstep")


def loading_ends_with(error: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the program where the import of click raises ``error``."""
    text = (
        "import sys\n"
        "class Ending:\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == 'click': raise {error}\n"
        "sys.meta_path.insert(0, Ending())\n"
        "from lockstep.cli.entry import main; main()"
    )
    return run(sys.executable, "-c", text, "--version", **settings)


def test_an_interrupt_before_the_command_line_is_loaded_is_one_line() -> None:
    ended = loading_ends_with("KeyboardInterrupt")
    assert (ended.returncode, ended.stderr) == (FAULT, "lockstep: interrupted\n")


def test_a_command_line_that_cannot_be_loaded_is_one_line() -> None:
    ended = loading_ends_with("ImportError('in\\ntwo lines')")
    text = "lockstep: cannot be loaded: ImportError: in two lines\n"
    assert (ended.returncode, ended.stderr) == (FAULT, text)
    ended = loading_ends_with("ImportError", LOCKSTEP_DEBUG="1")
    assert ended.stderr.startswith("Traceback")


def test_a_reader_who_has_gone_sees_no_traceback_and_it_is_no_divergence() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        ended = subprocess.run(  # noqa: S603 - this checkout's own program
            [*PROGRAM, "executors"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (FAULT, "")


# The program.


def test_python_m_lockstep_is_the_program() -> None:
    ended = run(*PROGRAM, "--version")
    assert ended.returncode == AGREE, ended.stderr
    assert version("lockstep") in ended.stdout


def test_the_installed_program_is_this_command_line() -> None:
    assert run(INSTALLED, "--version").stdout == f"lockstep, version {version('lockstep')}\n"


def test_completion_offers_the_commands_without_loading_them() -> None:
    ended = run(
        INSTALLED, _LOCKSTEP_COMPLETE="bash_complete", COMP_WORDS="lockstep ex", COMP_CWORD="1"
    )
    offered = {line.partition(",")[2] for line in ended.stdout.splitlines()}
    assert offered == {"executors", "explain", "explore", "export"}


def test_the_table_holds_commands_not_yet_loaded() -> None:
    for command in main.commands.values():
        assert isinstance(command, group.UnloadedCommand)
        assert isinstance(command.loaded(), click.Command)
