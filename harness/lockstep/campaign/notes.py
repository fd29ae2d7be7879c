"""What a worker says while it is at a chunk: how far it is, what it met, what it begins with."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from lockstep.campaign.tally import Failure, Tally
from lockstep.case.values import Case
from lockstep.findings.keeping import Kept

NOTE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Went:
    """A note: how far a chunk has come since the last one; ``start`` names the chunk."""

    start: int
    cases: int
    executions: int
    verdicts: Counter[str]


@dataclass(frozen=True, slots=True)
class Met:
    """A note: a failure of a bin that this process had not met, its chunk, where it is kept."""

    start: int
    failure: Failure
    kept: Kept


@dataclass(frozen=True, slots=True)
class Begins:
    """A note: the case that is run next, if it is the last thing that this process does."""

    start: int
    number: int
    setting: int
    case: Case


@dataclass(frozen=True, slots=True)
class Killer:
    """A case that a process died of, when it was run under the setting of this position."""

    number: int
    setting: int
    how: str


Note: TypeAlias = Went | Met | Begins


class Told:
    """What a chunk has told of its progress."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._at = time.monotonic()
        self._cases = self._executions = 0
        self._verdicts: Counter[str] = Counter()

    def progress(self, tally: Tally, *, at_once: bool = False) -> Iterator[Went]:
        """Give a note if the last one is a while ago; only what is shown depends on that."""
        now = time.monotonic()
        if now - self._at < NOTE_SECONDS and not at_once:
            return
        verdicts = Counter(tally.verdicts) - self._verdicts
        yield Went(
            self._start, tally.cases - self._cases, tally.executions - self._executions, verdicts
        )
        self._at, self._cases, self._executions = now, tally.cases, tally.executions
        self._verdicts = Counter(tally.verdicts)
