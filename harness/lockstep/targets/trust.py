"""What a file may have run.

Invariant: a file is data. Of what it names, nothing is imported, started or asked that is not
lockstep's own, unless the user has named it or says that the file is to be trusted.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from lockstep.case.file import Record, Setting, called_and_executor
from lockstep.faults import UsageError
from lockstep.foreign.text import shown
from lockstep.targets.named import BUILT_IN

CATALOGUE = "lockstep_mutants.catalogue"
"""The table of planted faults, which are ours: found by name, as the harness imports none."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the user lets a file name besides our own executors: ``names``, or whatever it does."""

    names: frozenset[str] = frozenset()
    everything: bool = False

    def check(self, name: str, path: Path) -> None:
        """Raise ``UsageError`` if the file in ``path`` may not have ``name`` run."""
        if self.everything or name in self.names or is_ours(name):
            return
        raise UsageError(
            f"{path} asks for the executor {shown(name, 200)}, which is not lockstep's own and was "
            "not run: --trust runs what a file names"
        )


OURS_ALONE = Trust()


def is_ours(name: str) -> bool:
    """Tell whether ``name`` is an executor of lockstep itself, or names none at all."""
    _, name = called_and_executor(name)
    return name in BUILT_IN or ":" not in name or name in _catalogued()


def setting_in(record: Record, path: Path, trust: Trust, executor: str | None = None) -> Setting:
    """Return the setting that ``record`` names, on ``executor`` instead if one is given.

    Raises ``UsageError`` if ``path``, which it was read from, may not have its executor run.
    """
    setting = record.setting or Setting()
    if executor is not None:
        return replace(setting, executor=executor)
    trust.check(setting.executor, path)
    return setting


@lru_cache(maxsize=1)
def _catalogued() -> frozenset[str]:
    return frozenset(_rows())


def _rows() -> Iterator[str]:
    module = importlib.import_module(CATALOGUE)
    for row in (*module.ROWS, *module.MASKED):
        yield row.executor
