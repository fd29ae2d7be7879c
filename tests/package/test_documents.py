"""The documents and examples show the public face alone, and what docs/api.md shows runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lockstep
from tests.repository import REPOSITORY

API = REPOSITORY / "docs" / "api.md"
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "corpora" / "README.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
    *sorted((REPOSITORY / "examples").glob("*/README.md")),
]
EXAMPLES = sorted((REPOSITORY / "examples").rglob("*.py"))
IMPORT = re.compile(
    r"^\s*(?:from|import) +(lockstep\w*(?:\.\w+)*)(?: +import +(.*))?$", re.MULTILINE
)


def blocks(page: Path) -> list[str]:
    """Return the Python that a page shows."""
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def taken(code: str) -> Iterator[str]:
    """Give what ``code`` imports of ours: names of the face, or modules in full."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Import(names):
                yield from (each.name for each in names if each.name.startswith("lockstep"))
            case ast.ImportFrom(module="lockstep", names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module)) if module.startswith("lockstep"):
                yield module


def test_there_is_something_to_hold() -> None:
    shown = [code for page in PAGES for code in blocks(page)]
    assert len([code for code in shown if set(taken(code))]) >= 5
    assert EXAMPLES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_a_page_imports_the_face_alone(page: Path) -> None:
    for code in blocks(page):
        assert set(taken(code)) <= {*lockstep.__all__, "lockstep"}
    # Commands have Python in them, too, as ``python -c``.
    for module, names in IMPORT.findall(page.read_text()):
        assert module == "lockstep"
        assert set(re.findall(r"\w+", names)) <= set(lockstep.__all__)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_imports_the_face_alone(example: Path) -> None:
    assert set(taken(example.read_text())) <= {*lockstep.__all__, "lockstep"}


@pytest.mark.parametrize("name", lockstep.__all__)
def test_the_page_of_the_face_tells_of_every_name(name: str) -> None:
    assert re.search(rf"`{name}\b", re.sub(r"```.*?```", "", API.read_text(), flags=re.DOTALL))


@pytest.mark.parametrize("number", range(len(blocks(API))))
def test_what_the_page_shows_runs(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = blocks(API)[number]
    names: dict[str, object] = {"__name__": "shown"}
    exec(compile(code, f"{API.name}, block {number}", "exec"), names)  # noqa: S102
    tests = [each for name, each in names.items() if name.startswith("test_") and callable(each)]
    assert tests or "\nassert " in code
    for test in tests:
        test()
