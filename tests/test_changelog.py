"""Every fragment in changelog.d becomes an entry of the next release, and no other file does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.repository import REPOSITORY

FOLDER = REPOSITORY / "changelog.d"
FRAGMENTS = sorted(each for each in FOLDER.iterdir() if each.name != "README.md")
SETTINGS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
KINDS = {each["directory"]: each["name"] for each in SETTINGS["tool"]["towncrier"]["type"]}
NAME = re.compile(rf"\+[a-z0-9]+(-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md")


def draft(folder: Path) -> subprocess.CompletedProcess[str]:
    """Put the fragments of the checkout in ``folder`` together, and write nothing."""
    command = [sys.executable, "-m", "towncrier", "build", "--draft"]
    terms = ["--version", "99.0.0", "--date", "2001-01-01", "--dir", str(folder)]
    return subprocess.run(  # noqa: S603 - its own interpreter
        [*command, *terms], capture_output=True, text=True, check=False
    )


def test_a_release_has_every_fragment_below_its_kind() -> None:
    done = draft(REPOSITORY)
    assert done.returncode == 0, done.stderr
    expected = {(kind_of(each), f"- {text_of(each)}".rstrip()) for each in FRAGMENTS}
    assert set(entries_of(done.stdout)) == expected
    assert "## [99.0.0] - 2001-01-01" in done.stdout


def kind_of(fragment: Path) -> str:
    return str(KINDS[fragment.name.split(".")[1]])


def text_of(fragment: Path) -> str:
    return fragment.read_text(encoding="utf-8")


def entries_of(text: str) -> list[tuple[str, str]]:
    """Return the entries of a draft, each with the heading it stands below."""
    heading, entries = "", []
    for line in text.splitlines():
        if line.startswith("### "):
            heading = line.removeprefix("### ")
        elif line.startswith("- "):
            entries.append((heading, line))
    return entries


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda each: each.name)
def test_a_fragment_is_one_line_of_text_under_a_name_of_its_kind(fragment: Path) -> None:
    assert NAME.fullmatch(fragment.name)
    text = text_of(fragment)
    assert re.fullmatch(r"[^-#\s][^\n]*[.)]\n", text), text


@pytest.mark.parametrize("name", ["+new.feature.md", "word.added.md", "notes.txt"])
def test_a_file_that_is_no_fragment_is_refused(name: str, tmp_path: Path) -> None:
    for file in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(REPOSITORY / file, tmp_path)
    (tmp_path / FOLDER.name).mkdir()
    (tmp_path / FOLDER.name / "+good.added.md").write_text("Something new.\n")
    assert draft(tmp_path).returncode == 0
    (tmp_path / FOLDER.name / name).write_text("Something else.\n")
    assert draft(tmp_path).returncode == 1
    assert not NAME.fullmatch(name)
