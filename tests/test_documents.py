"""What the documents name exists: files, modules and what is in them, pages and their headings."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import REPOSITORY

SOURCE_ROOTS = ("harness", "parallel", "reference", "ledger", "mutants")
OTHERS = ("benchmarks", "changelog.d", "ci", "corpora", "docs", "examples", "tests")
TOP_LEVEL = (*SOURCE_ROOTS, *OTHERS)
NOT_HERE = (
    "corpora/findings",  # what runs write
    "corpora/certificates",
    "corpora/regressions",  # empty until there is one
    "tests/regressions",  # in a project of the reader's
)
"""What the documents name though a fresh checkout does not have it."""

PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, TOP_LEVEL))})/[\w./+*-]*\w/?")
DOTTED = re.compile(r"(?<![\w./-])lockstep(?:_[a-z]+)?(?:\.\w+)+(?::\w+)?")
STALE = re.compile(rf"`(?:{'|'.join(SOURCE_ROOTS)})\.(?!(?:py|rs)\b)\w[\w.:]*`")
RUN_AS_MODULE = re.compile(r"python -m ((?:benchmarks|tests|lockstep)[\w.]*)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```", re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
A_WEB_PAGE = re.compile(r"[a-z]+:")


def documents() -> Iterator[Path]:
    """Give every document but the changelog, which names what there was."""
    for folder in (".github", *TOP_LEVEL):
        yield from sorted((REPOSITORY / folder).rglob("[!+]*.md"))
    yield from (each for each in sorted(REPOSITORY.glob("*.md")) if each.stem != "CHANGELOG")


each_document = pytest.mark.parametrize(
    "document", [path.relative_to(REPOSITORY).as_posix() for path in documents()]
)


def text_of(document: str) -> str:
    return (REPOSITORY / document).read_text(encoding="utf-8")


def missing_paths(text: str) -> list[str]:
    """Return the paths of this repository in ``text`` that lead nowhere."""
    named = (each.rstrip(".") for each in PATH.findall(text))
    return [
        each for each in named if not each.startswith(NOT_HERE) and not any(REPOSITORY.glob(each))
    ]


def missing_names(text: str) -> list[str]:
    """Return the dotted names of our packages in ``text`` that cannot be imported."""
    files = (".toml",)
    names = (each for each in DOTTED.findall(text) if not each.endswith(files))
    return [each for each in names if not is_importable(each)]


def is_importable(name: str) -> bool:
    """Tell whether ``package.module``, ``package.module.Name`` or ``module:Name`` exists."""
    parts = name.replace(":", ".").split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            if not hasattr(found, attribute):
                return False
            found = getattr(found, attribute)
        return True
    return False


@each_document
def test_every_path_in_a_document_leads_somewhere(document: str) -> None:
    assert missing_paths(text_of(document)) == []


@each_document
def test_every_name_of_our_packages_in_a_document_can_be_imported(document: str) -> None:
    assert missing_names(text_of(document)) == []


@each_document
def test_no_document_calls_a_source_root_a_package(document: str) -> None:
    assert STALE.findall(text_of(document)) == []


@each_document
def test_every_module_that_a_document_runs_exists(document: str) -> None:
    for module in RUN_AS_MODULE.findall(text_of(document)):
        assert importlib.util.find_spec(module) is not None, module


@each_document
def test_every_link_leads_to_a_page_and_to_a_heading_of_it(document: str) -> None:
    assert list(broken_links(document, text_of(document))) == []


def broken_links(document: str, text: str) -> Iterator[str]:
    """Give the links of ``text`` that lead to no file, or to no heading of a page."""
    here = REPOSITORY / document
    for link in LINK.findall(CODE.sub("", text)):
        if A_WEB_PAGE.match(link):
            continue
        path, _, heading = link.partition("#")
        page = here.parent / path if path else here
        if not page.exists() or (heading and heading not in headings_of(page)):
            yield link


def headings_of(page: Path) -> set[str]:
    """Return what a link calls the headings of ``page``."""
    headings = HEADING.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    plain = (re.sub(r"[^\w\- ]", "", each.lower()) for each in headings)
    return {each.replace(" ", "-") for each in plain}


@pytest.mark.parametrize(
    ("text", "stale"),
    [
        ("see `harness/outside/server.py`", ["harness/outside/server.py"]),
        ("see `harness/lockstep/verdict.py` and corpora/findings/4963c0f8ddc6", []),
        ("`parallel/ops`, `ledger/`, /tests/x", ["parallel/ops"]),
        ("`tests/test_*.py`, `tests/nothing_*.py`", ["tests/nothing_*.py"]),
    ],
)
def test_a_path_that_leads_nowhere_is_noticed(text: str, stale: list[str]) -> None:
    assert missing_paths(text) == stale


@pytest.mark.parametrize(
    ("text", "stale"),
    [
        ("lockstep.verdict.Verdict, lockstep_mutants.races:DestinationsMissing", []),
        ("lockstep.cli.nowhere", ["lockstep.cli.nowhere"]),
        ("lockstep_mutants.races:Nobody", ["lockstep_mutants.races:Nobody"]),
        ("lockstep.verdict.Verdict.NEVER", ["lockstep.verdict.Verdict.NEVER"]),
    ],
)
def test_a_name_that_cannot_be_imported_is_noticed(text: str, stale: list[str]) -> None:
    assert missing_names(text) == stale


@pytest.mark.parametrize("link", ["nowhere.md", "docs/rules.md#no-such-heading", "#neither"])
def test_a_link_that_leads_nowhere_is_noticed(link: str) -> None:
    assert list(broken_links("README.md", f"[a page]({link})")) == [link]
