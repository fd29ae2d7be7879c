"""Every command runs from the installed wheel alone, in a folder that was empty before."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from lockstep_ledger.identities import address_of
from lockstep_ledger.model import NATIVE, Burn, Transaction
from lockstep_ledger.wire import encode
from tests.package.environment import Environment
from tests.repository import REPOSITORY

AGREE, DIVERGENCE, USAGE = range(3)
FINDING = "the file of a finding"
SERVED = "cmd:lockstep serve --stdio"
SMALL = ("--workload", "uniform", "--transactions", "5", "--rounds", "1", "--accounts", "16")
PLANTED = "lockstep_mutants.balances:SenderNotDebited"

GROUPS = ("corpus", "known")
RUNS: dict[str, tuple[int, tuple[str, ...]]] = {
    "audit": (AGREE, ("--executor", PLANTED, "--campaigns", "1")),
    "bench": (AGREE, SMALL),
    "check-executor": (AGREE, (SERVED, "--only", "hello")),
    "corpus cover": (AGREE, (FINDING,)),
    "corpus distill": (AGREE, (FINDING,)),
    "corpus grow": (AGREE, ("--cases", "3", "--seed", "any")),
    "devnet": (AGREE, ("--blocks", "2", "--transactions", "2")),
    "executors": (AGREE, ()),
    "explain": (DIVERGENCE, (FINDING,)),
    "export": (AGREE, ("--protocol", "conversations")),
    "explore": (AGREE, ("--transactions", "2", "--accounts", "4")),
    "fuzz": (AGREE, ("--cases", "3", "--jobs", "2", "--executor", SERVED)),
    "known add": (AGREE, (FINDING, "--reason", "it waits for its turn")),
    "known check": (AGREE, ()),
    "known list": (AGREE, ()),
    "replay": (DIVERGENCE, (FINDING,)),
    "serve": (AGREE, ("--stdio",)),
    "shrink": (DIVERGENCE, (FINDING,)),
    "vectors": (AGREE, ("published",)),
}
"""What each command is given, and what it ends with."""

ABSENT: dict[str, tuple[str, ...]] = {
    "corpus cover": ("corpora/seeds",),
    "fuzz": ("--cases", "1", "--seeds", "corpora/seeds"),
    "replay": ("corpora/vectors",),
    "vectors": ("vectors",),
}
"""Commands that are given a corpus of the repository, which the wheel does not bring."""


@pytest.fixture(scope="session")
def workplace(installed: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that held nothing but a published vector until a campaign ran in it."""
    folder = tmp_path_factory.mktemp("workplace")
    burn = Transaction(3, address_of("alice"), Burn(NATIVE, 1), 10_000, 0, 0, bytes(64))
    given = {"kind": "tx_roundtrip", "wire_hex": encode(burn).hex(), "tx": None}
    vector = {"name": "burn", "input": given, "expected": {"success": True, "error_code": 0}}
    (folder / "published").mkdir()
    (folder / "published" / "wire.json").write_text(json.dumps({"test_vectors": [vector]}))
    ended = installed.run("lockstep", "fuzz", "--cases", 10, "--executor", "canary", here=folder)
    assert ended.returncode == DIVERGENCE, ended.stderr
    return folder


def ran(installed: Environment, here: Path, command: str, *given: str) -> CompletedProcess[str]:
    ended = installed.run("lockstep", *command.split(), *given, here=here)
    assert "Traceback" not in ended.stdout + ended.stderr, ended.stderr
    return ended


def listed(text: str) -> set[str]:
    """Return the commands that a page of help lists."""
    return set(re.findall(r"^  (\S+)  ", text.partition("Commands:\n")[2], re.MULTILINE))


def test_no_command_is_left_out(installed: Environment, tmp_path: Path) -> None:
    commands = listed(ran(installed, tmp_path, "--help").stdout) - set(GROUPS)
    for group in GROUPS:
        inside = listed(ran(installed, tmp_path, f"{group} --help").stdout)
        assert inside
        commands |= {f"{group} {each}" for each in inside}
    assert commands == set(RUNS)


@pytest.mark.parametrize("command", list(RUNS))
def test_a_command_runs(installed: Environment, workplace: Path, command: str) -> None:
    code, given = RUNS[command]
    finding = str(min(workplace.glob("corpora/findings/*/*.json")).relative_to(workplace))
    arguments = [finding if each is FINDING else each for each in given]
    ended = ran(installed, workplace, command, *arguments)
    assert ended.returncode == code, ended.stdout + ended.stderr


@pytest.mark.parametrize("command", list(ABSENT))
def test_a_corpus_that_is_not_there_is_missed_in_one_line(
    installed: Environment, tmp_path: Path, command: str
) -> None:
    ended = ran(installed, tmp_path, command, *ABSENT[command])
    assert ended.returncode == USAGE
    assert re.fullmatch(r"lockstep: \S+: no such (file|directory)\n", ended.stderr)


def test_the_code_that_runs_is_the_wheel(installed: Environment, tmp_path: Path) -> None:
    said = installed.run("python", "-c", "import lockstep; print(lockstep.__file__)", here=tmp_path)
    assert Path(said.stdout.strip()) == installed.site / "lockstep" / "__init__.py"


@pytest.mark.parametrize("start", [("lockstep",), ("python", "-m", "lockstep")])
def test_the_version_is_the_packages(
    installed: Environment, tmp_path: Path, start: tuple[str, ...]
) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    said = installed.run(*start, "--version", here=tmp_path)
    assert said.stdout.strip().endswith(f"version {project['version']}")
