"""What bringing a recorded failure back gave: the run, and how far one had to go for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lockstep.case.file import Record
from lockstep.run.result import Run
from lockstep.verdict import Verdict


class Rung(Enum):
    """On which step of the ladder a recorded failure came back."""

    DEVIATIONS = "deviations"
    TRACE = "trace"
    NEARBY = "nearby"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """The last run.

    ``rung`` is NONE where a recorded failure did not come back, and DEVIATIONS for a case that
    records none; ``unmet`` are the deviations the executor passed by.
    """

    run: Run
    rung: Rung
    unmet: tuple[str, ...] = ()


def should_fail(record: Record) -> bool:
    """Tell whether ``record`` says that its case fails."""
    return bool(record.verdict) and Verdict(record.verdict).is_failure
