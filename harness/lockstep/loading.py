"""Finds what a user calls ``module:Class``, in the current folder first.

Invariant: a module of lockstep's own packages is never looked for in the current folder.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from lockstep.faults import UsageError
from lockstep.foreign.text import named_error

OURS = (
    "lockstep",
    "lockstep_ledger",
    "lockstep_mutants",
    "lockstep_parallel",
    "lockstep_reference",
)


def imported(name: str, what: str) -> Callable[..., object]:
    """Return what ``name`` names, which is to be used as ``what``. Raises ``UsageError``."""
    module_name, _, class_name = name.partition(":")
    if module_name.partition(".")[0] not in OURS:
        here = str(Path.cwd())
        if here not in sys.path:
            sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{what} {name}: cannot import {module_name}: {named_error(error)}"
        ) from error
    found = getattr(module, class_name, None)
    if not callable(found):
        raise UsageError(f"{what} {name}: {module_name} has no class {class_name}")
    return cast("Callable[..., object]", found)
