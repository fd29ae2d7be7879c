"""Hashes of source text: which code an exploration is about, and which code judged it.

Invariant: a hash depends on module names and the bytes of their files, not on where they lie.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from blake3 import blake3

from lockstep.targets.inside import InsideTarget


def executor_hash(target: InsideTarget) -> str:
    """Hash the package of our executors and the modules that define the target's class."""
    bases = getattr(target.factory, "__mro__", (target.factory,))
    modules = {each.__module__ for each in bases}
    own = [name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names]
    return _hash(
        [*_package("lockstep_parallel"), *(pair for name in own for pair in _module(name))]
    )


def oracle_hash() -> str:
    """Hash the packages that enumerate, execute as reference, and compare."""
    return _hash(
        pair
        for name in ("lockstep_ledger", "lockstep_reference", "lockstep")
        for pair in _package(name)
    )


def _package(name: str) -> Iterable[tuple[str, Path]]:
    file = importlib.import_module(name).__file__
    assert file is not None
    folder = Path(file).parent
    for path in folder.rglob("*.py"):
        yield f"{name}/{path.relative_to(folder).as_posix()}", path


def _module(name: str) -> Iterable[tuple[str, Path]]:
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is not None:
        yield name.replace(".", "/") + Path(file).suffix, Path(file)


def _hash(files: Iterable[tuple[str, Path]]) -> str:
    whole = blake3()
    for name, path in sorted(set(files)):
        content = path.read_bytes()
        whole.update(f"{name} {len(content)}\n".encode() + content)
    return whole.hexdigest()
