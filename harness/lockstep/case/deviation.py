"""A schedule as deviations from the default order; the empty list is the sequential order.

The default goes on with the current task and takes up the lowest one when that has ended. Where the
default is about to take a step that a deviation names, another task runs on instead. A deviation
names a step by its transaction, label, location and occurrence, all of which survive edits of the
executor that step numbers do not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM

_TEXT = re.compile(
    r"(?P<task>[^@\s]+)@(?P<label>[^\[#]+?)(?:\[(?P<place>[^\]]*)\])?(?:#(?P<occurrence>\d+))?"
    r" -> (?P<run>\S+)"
)

Site: TypeAlias = tuple[str, str, str]
"""Where a step is in the executor: transaction id, label, place."""

Address: TypeAlias = tuple[str, str, str, int]
"""Names a step: its site, and the occurrence there from 1, counted through all rounds."""


class DeviationError(ValueError):
    """A text that is no deviation."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where the default would take the step at ``address``, task ``run`` goes on instead."""

    address: Address
    run: str

    def __str__(self) -> str:
        task, label, place, occurrence = self.address
        where = f"[{place}]" if place else ""
        again = f"#{occurrence}" if occurrence > 1 else ""
        return f"{task}@{label}{where}{again} -> {self.run}"

    @classmethod
    def parse(cls, text: str) -> Deviation:
        """Read what ``str`` wrote. Raises ``DeviationError``."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise DeviationError(f"{text!r} is not of the form t0@label -> t1")
        occurrence = int(match["occurrence"] or 1)
        return cls((match["task"], match["label"], match["place"] or "", occurrence), match["run"])


Schedule: TypeAlias = tuple[Deviation, ...]
"""The deviations of a run, in any order."""


def task_name(task: int, ids: Sequence[str]) -> str:
    """Return the transaction id of a task, or the name of a worker."""
    return f"w{task - WORKERS_FROM}" if task >= WORKERS_FROM else ids[task]
