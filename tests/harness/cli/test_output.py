"""What commands print is harmless and can be printed anywhere, whatever had a word in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from lockstep.case.file import load, save
from lockstep.cli.output import say, say_on
from lockstep.cli.screen import Screen
from lockstep.report.cells import cells
from lockstep_ledger.block import Block
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.cli.command_line import AGREE, DIVERGENCE, FAULT, PROGRAM, USAGE, lockstep
from tests.harness.small import record

HOSTILE = "\x1b[2J::error::forged\n##vso[task.complete result=Succeeded;]\ud800"
BYTES = b"caf\xe9"


class Forging(Batched):
    """Fails with text that would be taken for something else."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> None:  # type: ignore[override]
        raise ValueError(HOSTILE)


def run(*arguments: str | bytes, **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - this checkout's own program
        [*PROGRAM, *arguments],
        capture_output=True,
        timeout=120,
        check=False,
        env={**os.environ, **settings},
    )


def assert_harmless(text: str) -> None:
    for line in text.splitlines():
        assert line.isprintable(), line
        assert not line.lstrip().startswith("::"), line
        assert "##vso[" not in line


def test_a_line_is_harmless_on_every_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    say_on(Console(), HOSTILE, "[bold]as it is[/]")
    with Screen() as screen:
        screen.say(HOSTILE)
        screen.tell([HOSTILE])
        screen.complain(HOSTILE)
        screen.progress(HOSTILE)
    told = capsys.readouterr()
    assert_harmless(told.out)
    assert_harmless(told.err)
    assert told.out.count("\\x1b[2J") == 4
    assert "[bold]as it is[/]" in told.out


def test_a_cell_of_a_table_says_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table()
    table.add_row(*cells("[/] [red]not red[/red]", "two\nlines", HOSTILE))
    Console(width=200).print(table)
    told = capsys.readouterr().out
    assert "[/] [red]not red[/red]" in told
    assert_harmless(told)
    assert len([line for line in told.splitlines() if "two" in line or "lines" in line]) == 2


def test_what_an_executor_says_reaches_no_terminal_and_no_ci_service(tmp_path: Path) -> None:
    executor = f"{__name__}:Forging"
    quick = ("--cases", 5, "--seed", "s", "--storage", "memory", "--findings", tmp_path)
    found = lockstep("fuzz", *quick, "--executor", executor)
    [path] = tmp_path.rglob("*.json")
    results = [
        found,
        lockstep("replay", path, "--trust"),
        lockstep("shrink", path, "--trust", "--into", tmp_path / "shrunk"),
        lockstep("explain", path, "--trust"),
    ]
    for result in results:
        assert "\\x1b[2J" in result.stdout
        assert_harmless(result.stdout)
    assert load(path).verdict == "crash"


def test_what_a_file_says_reaches_no_terminal_and_no_ci_service(tmp_path: Path) -> None:
    path = save(record(description=HOSTILE.replace("\ud800", ""), verdict="hang"), tmp_path)
    strange = path.rename(tmp_path / "::error::\n\x1b[2J.json")
    for command in ("replay", "shrink", "explain"):
        result = lockstep(command, strange, "--executor", "canary")
        assert result.exit_code == DIVERGENCE, result.output
        assert_harmless(result.stdout)


# Text that is no UTF-8.


@pytest.mark.parametrize(
    "arguments",
    [
        ("fuzz", "--cases", "5", "--storage", "memory", "--seed", BYTES),
        ("fuzz", "--cases", "5", "--storage", "memory", "--jobs", "2", "--seed", BYTES),
        ("corpus", "grow", "--cases", "5", "--into", "grown", "--seed", BYTES),
        ("devnet", "--blocks", "3", "--storage", "memory", "--save", BYTES, "--seed", BYTES),
    ],
    ids=lambda each: each[0],
)
def test_a_seed_or_path_that_is_no_text_works(
    arguments: tuple[str | bytes, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run(*arguments)
    assert ended.returncode == AGREE, ended.stderr
    assert_harmless(ended.stdout.decode())


def test_a_certificate_may_have_such_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (("--certificate", BYTES, "--transactions", "1"), ("--check", BYTES)):
        ended = run("explore", *words)
        assert b"certificate: caf\\xe9" in ended.stdout or b"same result: caf\\xe9" in ended.stdout
        assert_harmless(ended.stdout.decode())


def test_a_finding_of_such_a_seed_is_kept_and_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ("--cases", "60", "--storage", "memory", "--executor", "canary", "--findings", BYTES)
    ended = run("fuzz", *given, "--seed", BYTES)
    assert ended.returncode == DIVERGENCE
    again = run("replay", BYTES)
    assert again.returncode == DIVERGENCE
    assert b"0 agree" in again.stdout
    origins = {load(path).origin["seed"] for path in Path(os.fsdecode(BYTES)).rglob("*.json")}
    assert origins == {"caf\\udce9"}


def test_the_same_bytes_are_the_same_seed_and_others_another() -> None:
    given = ("fuzz", "--cases", "200", "--storage", "memory", "--seed")
    told = [run(*given, seed).stdout.splitlines()[2:] for seed in (BYTES, BYTES, b"caf\xe8")]
    facts = [[line for line in lines if b"cases" not in line] for lines in told]
    assert facts[0] == facts[1]
    assert facts[0] != facts[2]


@pytest.mark.parametrize("option", ["--executor", "--driver", "--time", "--scheme", "--strategy"])
def test_an_option_that_is_no_text_is_a_usage_error(option: str) -> None:
    ended = run("fuzz", "--cases", "3", "--storage", "memory", option, BYTES)
    assert ended.returncode == USAGE
    assert b"Traceback" not in ended.stderr


def test_a_terminal_that_knows_no_such_letters_is_no_fault() -> None:
    given = ("--cases", "3", "--storage", "memory", "--seed", "\xe9")
    ended = run("fuzz", *given, PYTHONIOENCODING="ascii")
    assert ended.returncode == AGREE, ended.stderr
    assert b"seed \\xe9" in ended.stdout


# Readers that have gone.


@pytest.mark.parametrize("command", ["replay", "corpus"])
def test_a_reader_who_goes_in_the_middle_is_no_divergence(command: str) -> None:
    folder = "corpora/mutants" if command == "replay" else "corpora/vectors"
    words = (command, folder) if command == "replay" else (command, "cover", folder)
    reading, writing = os.pipe()
    process = subprocess.Popen(  # noqa: S603 - this checkout's own program
        [*PROGRAM, *words], stdout=writing, stderr=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    os.close(writing)
    os.close(reading)
    _, complaint = process.communicate(timeout=120)
    assert (process.returncode, complaint) == (FAULT, b"")


def test_standard_output_that_is_closed_is_no_fault() -> None:
    closing = "import os, sys; os.close(1); os.execv(sys.argv[1], sys.argv[1:])"
    ended = subprocess.run(  # noqa: S603 - this checkout's own program
        [sys.executable, "-c", closing, *PROGRAM, "executors"],
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (AGREE, b"")


@pytest.mark.parametrize("error", ["1 / 0", "exec('raise GeneratorExit')", "{}['x']"])
def test_what_escapes_the_group_is_one_line_and_no_divergence(error: str) -> None:
    text = f"from lockstep.cli.supervised import supervise; supervise(lambda: {error})"
    ended = subprocess.run(  # noqa: S603 - this checkout's own program
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == FAULT
    assert ended.stderr.startswith("lockstep: internal error: ")
    assert ended.stderr.count("\n") == 1
