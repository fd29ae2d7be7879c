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
from urllib.parse import quote, unquote

from lockstep.foreign.text import quoted
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM

_TEXT = re.compile(
    r"(?P<task>[^@\s]+)@(?P<label>[^\[#]*?)(?:\[(?P<place>[^\]]*)\])?"
    r"(?:#(?P<occurrence>[1-9][0-9]{0,8}))? -> (?P<run>\S+)"
)
_PLAIN_NAME = "!$&'()*+,/:;=?^`{|}~-._<\""
_PLAIN = _PLAIN_NAME + " "
"""Besides letters and digits, what stands for itself in a name, and in a label or a place."""

_PARTS = ("task", "label", "place", "run")

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
        where = f"[{_written(place)}]" if place else ""
        again = f"#{occurrence}" if occurrence > 1 else ""
        return f"{step_text(task, label)}{where}{again} -> {_written(self.run, _PLAIN_NAME)}"

    @classmethod
    def parse(cls, text: str) -> Deviation:
        """Read what ``str`` wrote. Raises ``DeviationError``."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise DeviationError(f"{quoted(text)} is not of the form t0@label -> t1")
        task, label, place, run = (_read(match[each] or "") for each in _PARTS)
        return cls((task, label, place, int(match["occurrence"] or 1)), run)


Schedule: TypeAlias = tuple[Deviation, ...]
"""The deviations of a run, in any order."""


def step_text(task: str, label: str) -> str:
    """Return the text of a step in a trace; whatever its parts hold, it is read back."""
    return f"{_written(task, _PLAIN_NAME)}@{_written(label)}"


def step_of(text: str) -> tuple[str, str]:
    """Read what ``step_text`` wrote. Raises ``DeviationError``."""
    task, separator, label = text.rpartition("@")
    if not separator or not task:
        raise DeviationError(f"trace step {quoted(text)} is not of the form t0@label")
    return _read(task), _read(label)


def _written(text: str, plain: str = _PLAIN) -> str:
    """Write what would be taken for something else, or be seen by nobody, as bytes in hex."""
    return quote(text, plain, errors="surrogatepass")


def _read(text: str) -> str:
    try:
        return unquote(text, errors="surrogatepass")
    except UnicodeDecodeError as error:
        raise DeviationError(f"{quoted(text)} is no text") from error


def task_name(task: int, ids: Sequence[str]) -> str:
    """Return the transaction id of a task, or the name of a worker."""
    return f"w{task - WORKERS_FROM}" if task >= WORKERS_FROM else ids[task]
