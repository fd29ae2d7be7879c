"""Finds what a user calls ``module:Class``, in the current folder first."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from lockstep.faults import UsageError


def imported(name: str, what: str) -> Callable[..., object]:
    """Return what ``name`` names, which is to be used as ``what``. Raises ``UsageError``."""
    module_name, _, class_name = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{what} {name}: cannot import {module_name}: {type(error).__name__}: {error}"
        ) from error
    found = getattr(module, class_name, None)
    if not callable(found):
        raise UsageError(f"{what} {name}: {module_name} has no class {class_name}")
    return cast("Callable[..., object]", found)
