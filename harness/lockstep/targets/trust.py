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

from lockstep.case.file import Record, Setting
from lockstep.case.judging import NOTHING, Asked
from lockstep.case.surroundings import OURS, Surroundings
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
        self._check(name, path, "executor")

    def check_oracle(self, name: str, path: Path) -> None:
        """Raise ``UsageError`` if the file in ``path`` may not be judged by ``name``."""
        self._check(name, path, "oracle")

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

    def _check(self, name: str, path: Path, role: str) -> None:
        if self.everything or name in self.names or is_ours(name):
            return
        raise UsageError(
            f"{path} asks for the {role} {shown(name, 200)}, which is not lockstep's own and was "
            "not run: --trust runs what a file names"
        )


OURS_ALONE = Trust()


def is_ours(name: str) -> bool:
    """Tell whether ``name`` is an executor of lockstep itself, or names none at all."""
    return name in BUILT_IN or ":" not in name or name in _catalogued()


def setting_in(
    record: Record,
    path: Path,
    trust: Trust,
    executor: str | None = None,
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
    if trust.everything:
        surroundings = surroundings.over(setting.surroundings)
    setting = replace(setting, surroundings=surroundings)
    if asked.oracle is None:
        trust.check_oracle(setting.judging.oracle, path)
    return replace(setting, judging=asked.over(setting.judging))


@lru_cache(maxsize=1)
def _catalogued() -> frozenset[str]:
    return frozenset(_rows())


def _rows() -> Iterator[str]:
    module = importlib.import_module(CATALOGUE)
    for row in (*module.ROWS, *module.MASKED):
        yield row.executor
