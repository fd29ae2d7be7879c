"""docs/architecture.md shows the rooms as they are: in the contracts' order, in their own words.

After a change of either, `python -m tests.test_architecture` writes the tables anew.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.repository import REPOSITORY

FILE = REPOSITORY / "docs" / "architecture.md"
PAGE = FILE.read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
SOURCE_ROOTS = {
    "lockstep": "harness",
    "lockstep_parallel": "parallel",
    "lockstep_reference": "reference",
    "lockstep_ledger": "ledger",
    "lockstep_mutants": "mutants",
}
ROOMS = {
    each["containers"][0]: [layer.split(" | ") for layer in each["layers"]]
    for each in CONTRACTS
    if "containers" in each
}
"""The floors of each package that has rooms, the highest first."""

CODE = re.compile(r"```.*?```", re.DOTALL)
NAMED = re.compile(r"`([\w./-]+/[\w./-]*|\w+\.(?:py|toml))`")


def first_line(module: Path) -> str:
    """Return what a module or a package says it is, as Markdown."""
    file = module / "__init__.py" if module.is_dir() else module
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    assert text, f"{file} does not say what it is"
    return text.splitlines()[0].replace("``", "`")


def rows_of(package: str) -> Iterator[str]:
    """Give the rows of the package's table: its rooms from above, and the rooms inside of them.

    A room on the floor of the one above it is marked.
    """
    top = REPOSITORY / SOURCE_ROOTS[package] / package
    for floor in ROOMS[package]:
        for mark, name in zip(("", *[" ="] * len(floor)), floor, strict=False):
            room = top / name
            if not room.is_dir():
                yield f"|{mark} | `{name}.py` | {first_line(room.with_suffix('.py'))} |"
                continue
            yield f"|{mark} | `{name}/` | {first_line(room)} |"
            for inner in sorted(each.parent for each in room.glob("*/__init__.py")):
                yield f"| | `{name}/{inner.name}/` | {first_line(inner)} |"


def roots() -> Iterator[str]:
    """Give the rows of the table of source roots."""
    for package, root in SOURCE_ROOTS.items():
        yield f"| `{root}/` | `{package}` | {first_line(REPOSITORY / root / package)} |"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "## Source roots": roots,
    **{f"### `{SOURCE_ROOTS[package]}/{package}/`": partial(rows_of, package) for package in ROOMS},
}
"""The headings of the page below which there is a table of rooms, and what gives its rows."""


def table_below(heading: str) -> list[str]:
    """Return the rows of the first table below a heading of the page."""
    _, _, below = PAGE.partition(f"\n{heading}\n")
    rows = [line for line in below.partition("\n#")[0].splitlines() if line.startswith("|")]
    return rows[2:]


@pytest.mark.parametrize("heading", list(TABLES))
def test_the_page_lists_roots_and_rooms_in_order_and_in_their_own_words(heading: str) -> None:
    assert table_below(heading) == list(TABLES[heading]()), "python -m tests.test_architecture"


def test_the_rooms_of_the_harness_and_of_the_executors_are_under_contract() -> None:
    assert list(ROOMS) == ["lockstep", "lockstep_parallel"]


def missing(text: str) -> list[str]:
    """Return the files that ``text`` names and that are neither here nor in a source root."""
    roots = [REPOSITORY]
    for package, root in SOURCE_ROOTS.items():
        roots += [REPOSITORY / root, REPOSITORY / root / package]
    named = NAMED.findall(CODE.sub("", text))
    return [each for each in named if not any((root / each).exists() for root in roots)]


def test_every_file_that_the_page_names_exists() -> None:
    assert len(NAMED.findall(CODE.sub("", PAGE))) > 50
    assert missing(PAGE) == []


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("`run/session.py`, `lockstep_ledger/wire.py`, `cli/`, `ci/check`, `verdict.py`", []),
        ("`run/nowhere.py` and `outside/`", ["run/nowhere.py", "outside/"]),
        ("`nowhere.py`", ["nowhere.py"]),
    ],
)
def test_a_file_that_is_gone_is_noticed(text: str, gone: list[str]) -> None:
    assert missing(text) == gone


def test_every_decision_record_is_in_the_list_of_them() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    records = sorted(each.name for each in folder.glob("[0-9]*.md"))
    listed = (folder / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\(([0-9][\w-]+\.md)\)", listed)) == records


def renew() -> None:
    """Write the tables of the page anew, and nothing else."""
    page = PAGE
    for heading, rows in TABLES.items():
        before, heading_line, below = page.partition(f"\n{heading}\n")
        old = "\n".join(table_below(heading))
        page = before + heading_line + below.replace(old, "\n".join(rows()), 1)
    FILE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    renew()
