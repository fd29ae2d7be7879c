"""What a file may have run.

Invariant: a file is data. Of what it names, nothing is imported, started or asked that is not
lockstep's own, unless the user has named it or says that the file is to be trusted.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from lockstep.case.file import Record, Setting, called_and_executor
from lockstep.case.judging import NOTHING, Asked
from lockstep.case.surroundings import OURS, Surroundings
from lockstep.faults import UsageError
from lockstep.foreign.text import shown
from lockstep.run.stores import parted
from lockstep.run.under_test import RIGHT_STORAGE
from lockstep.targets.named import BUILT_IN

CATALOGUE = "lockstep_mutants.catalogue"
"""The table of planted faults, which are ours: found by name, as the harness imports none."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the user lets a file name besides what is ours: ``names``, or whatever it does."""

    names: frozenset[str] = frozenset()
    everything: bool = False

    def check(self, name: str, path: Path) -> None:
        """Raise ``UsageError`` if the file in ``path`` may not have the executor ``name`` run."""
        self._require(is_ours(name), "executor", name, path)

    def check_oracle(self, name: str, path: Path) -> None:
        """Raise ``UsageError`` if the file in ``path`` may not be judged by ``name``."""
        self._require(is_ours(name), "oracle", name, path)

    def check_surroundings(self, asked: Surroundings, named: Surroundings, path: Path) -> None:
        """Raise ``UsageError`` if the file in ``path`` asks for more than the user named."""
        if self.everything or named.over(asked) == named:
            return
        variables = [f"the variable {name}={value}" for name, value in asked.variables]
        folder = [f"the folder {asked.folder}"] if asked.folder else []
        raise UsageError(
            f"{path} asks for {shown(', '.join(variables + folder), 200)}, in which nothing was "
            "run: --trust does so, or name them by --env and --cwd"
        )

    def check_storage(self, name: str, path: Path) -> None:
        """Raise ``UsageError`` if the file in ``path`` may not have the store ``name`` run."""
        self._require(is_our_storage(name), "storage", name, path)

    def _require(self, ours: bool, what: str, name: str, path: Path) -> None:
        if self.everything or name in self.names or ours:
            return
        raise UsageError(
            f"{path} asks for the {what} {shown(name, 200)}, which is not lockstep's own and was "
            "not run: --trust runs what a file names"
        )


OURS_ALONE = Trust()


def is_ours(name: str) -> bool:
    """Tell whether ``name`` is an executor of lockstep itself, or names none at all."""
    _, name = called_and_executor(name)
    return name in BUILT_IN or ":" not in name or name in _catalogued()[0]


def is_our_storage(name: str) -> bool:
    """Tell whether ``name`` is a store of lockstep itself, as one under test, or none at all."""
    return name in ("", RIGHT_STORAGE) or name in _catalogued()[1]


def setting_in(
    record: Record,
    path: Path,
    trust: Trust,
    executor: str | None = None,
    storage: str | None = None,
    asked: Asked = NOTHING,
    surroundings: Surroundings = OURS,
) -> Setting:
    """Return the setting that ``record`` names, on ``executor`` instead and judged as ``asked``.

    An executor that is named is started in the ``surroundings`` that are named with it, and in
    nothing that the file says, unless the file is trusted.

    Raises ``UsageError`` if ``path``, which it was read from, may not have its own ones run.
    """
    setting = record.setting or Setting()
    if executor is None:
        trust.check(setting.executor, path)
        trust.check_surroundings(setting.surroundings, surroundings, path)
    else:
        setting = replace(setting, executor=executor)
    if storage is None:
        trust.check_storage(setting.storage, path)
    else:
        setting = replace(setting, storage=parted(storage)[1])
    if trust.everything:
        surroundings = surroundings.over(setting.surroundings)
    setting = replace(setting, surroundings=surroundings)
    if asked.oracle is None:
        trust.check_oracle(setting.judging.oracle, path)
    return replace(setting, judging=asked.over(setting.judging))


@lru_cache(maxsize=1)
def _catalogued() -> tuple[frozenset[str], frozenset[str]]:
    """Return the executors and the stores that a fault is planted in."""
    module = importlib.import_module(CATALOGUE)
    rows = (*module.ROWS, *module.MASKED)
    return frozenset(row.executor for row in rows), frozenset(row.storage for row in module.ROWS)
