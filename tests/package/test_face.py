"""The names that other projects may import: all there, loaded late, and no others."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import lockstep

SOURCE = Path(str(lockstep.__file__)).read_text()


def shown_to_type_checkers() -> dict[str, str]:
    """Return the names that the source imports for type checkers, and from where."""
    [block] = [
        node
        for node in ast.parse(SOURCE).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {
        alias.asname or alias.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_type_checkers_see_what_is_loaded() -> None:
    assert shown_to_type_checkers() == lockstep._HOME_OF
    assert sorted(lockstep._HOME_OF) == sorted(lockstep.__all__)


@pytest.mark.parametrize("name", lockstep.__all__)
def test_a_name_is_what_its_module_says(name: str) -> None:
    home = importlib.import_module(lockstep._HOME_OF[name])
    assert getattr(lockstep, name) is getattr(home, name)


def test_no_name_is_that_of_a_room() -> None:
    rooms = {each.name for each in pkgutil.iter_modules(lockstep.__path__)}
    assert "run" in rooms
    assert not rooms & set(lockstep.__all__)


def test_a_name_that_is_not_there_is_missed_as_of_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'lockstep' has no attribute 'Nonsense'"):
        lockstep.Nonsense  # type: ignore[attr-defined] # noqa: B018 - the access is what is tested
    with pytest.raises(ImportError, match="cannot import name 'Nonsense'"):
        exec("from lockstep import Nonsense", {})  # noqa: S102


def test_dir_names_the_face() -> None:
    assert dir(lockstep) == sorted(lockstep.__all__)


def test_a_star_import_gives_every_name() -> None:
    names: dict[str, object] = {}
    exec("from lockstep import *", names)  # noqa: S102
    assert set(lockstep.__all__) == names.keys() - {"__builtins__"}


def modules_after(code: str) -> set[str]:
    """Return the modules that a new interpreter has loaded when it has run ``code``."""
    said = subprocess.run(  # noqa: S603 - this interpreter, on code of this file
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(said.stdout.split())


def loaded_by(code: str) -> set[str]:
    """Return what ``code`` loads besides what Python brings and every program has."""
    more = modules_after(code) - modules_after("")
    return {each for each in more if each.partition(".")[0] not in sys.stdlib_module_names}


def test_importing_the_package_loads_nothing_else() -> None:
    assert loaded_by("import lockstep") == {"lockstep"}


def test_an_executor_does_not_wait_for_hypothesis() -> None:
    loaded = loaded_by("from lockstep import Batched, Executor, Outcome, op")
    assert not {each.partition(".")[0] for each in loaded} - {
        "blake3",
        "lockstep",
        "lockstep_ledger",
        "lockstep_parallel",
    }
