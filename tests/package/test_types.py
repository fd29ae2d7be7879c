"""Strict types of a user's file: right ones pass against the installed package, wrong ones fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.package.environment import Environment
from tests.package.test_documents import API, blocks

WRONG = {
    "a name that is not there": ("from lockstep import Nonsense\n", "has no attribute"),
    "an argument that is none": (
        "from lockstep import Case, run_case\n\n\n"
        "def test(case: Case) -> None:\n    run_case(case, threads=4)\n",
        'Unexpected keyword argument "threads"',
    ),
    "an executor without a merge": (
        "from lockstep import Case, run_case\n\n\n"
        "class Mine:\n    name = 'mine'\n\n\n"
        "def test(case: Case) -> None:\n    run_case(case, Mine)\n",
        "incompatible type",
    ),
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose cache the checks share."""
    return tmp_path_factory.mktemp("typed")


def checked(installed: Environment, folder: Path, *codes: str) -> subprocess.CompletedProcess[str]:
    files = [f"file_{number}.py" for number in range(len(codes))]
    for file, code in zip(files, codes, strict=True):
        (folder / file).write_text(code)
    options = ("--strict", "--python-executable", str(installed.python), "--config-file=")
    return subprocess.run(  # noqa: S603 - the mypy of the environment that runs the tests
        [sys.executable, "-m", "mypy", *options, *files],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_the_page_of_the_face_shows_is_typed(installed: Environment, folder: Path) -> None:
    shown = blocks(API)
    assert len(shown) >= 5
    ended = checked(installed, folder, *shown)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("what", list(WRONG))
def test_a_wrong_file_is_refused(installed: Environment, folder: Path, what: str) -> None:
    code, complaint = WRONG[what]
    ended = checked(installed, folder, code)
    assert ended.returncode == 1
    assert complaint in ended.stdout
