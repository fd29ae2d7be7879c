"""What bringing a recorded failure back gave: the run, and how far one had to go for it.

Invariant: a failure that differs from the recorded one is never taken for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lockstep.case.file import Record
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.verdict import Verdict


class Rung(Enum):
    """On which step of the ladder a recorded failure came back."""

    DEVIATIONS = "deviations"
    TRACE = "trace"
    NEARBY = "nearby"
    ANOTHER = "another"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """The last run.

    ``rung`` is NONE where a recorded failure did not come back, ANOTHER where one of another kind
    came in its place, and DEVIATIONS for a case that records none; ``unmet`` are the deviations the
    executor passed by.
    """

    run: Run
    rung: Rung
    unmet: tuple[str, ...] = ()


def should_fail(record: Record) -> bool:
    """Tell whether ``record`` says that its case fails."""
    return bool(record.verdict) and Verdict(record.verdict).is_failure


def as_recorded(record: Record, run: Run) -> Run | None:
    """Return the failure of ``run`` that ``record`` tells of, as far as it does; None without it.

    The description of a finding is its signature. A person's own says nothing of the kind, and the
    verdict alone decides.
    """
    if not run.verdict.is_failure:
        return None
    return next((each for each in run.failures if _is_recorded(record, each)), None)


def fails_as_recorded(record: Record, run: Run) -> bool:
    """Tell whether ``run`` fails in the way that ``record`` says, as far as it says."""
    return as_recorded(record, run) is not None


def brought_back(
    record: Record, run: Run, unmet: tuple[str, ...] = (), reached: Rung = Rung.DEVIATIONS
) -> BroughtBack:
    """Return the recorded failure in ``run`` with the rung that was reached, else ``run``."""
    if not should_fail(record):
        return BroughtBack(run, reached, unmet)
    same = as_recorded(record, run)
    if same is not None:
        return BroughtBack(same, reached, unmet)
    return BroughtBack(run, Rung.ANOTHER if run.verdict.is_failure else Rung.NONE, unmet)


def rung_of(record: Record, run: Run) -> Rung:
    """Return DEVIATIONS if ``run`` is what ``record`` says, else what it is instead."""
    return brought_back(record, run).rung


def _is_recorded(record: Record, run: Run) -> bool:
    if not _alike(run.verdict, Verdict(record.verdict)):
        return False
    verdict, _, kind = record.description.partition(" ")
    return verdict != record.verdict or kind == " ".join(signature_of(run)[1:])


_DIFFERING = frozenset({Verdict.DIVERGE, Verdict.SELF_DIVERGE})


def _alike(one: Verdict, other: Verdict) -> bool:
    """Tell whether two verdicts may be of one failure; what is flaky is something else, too."""
    return one is other or {one, other} <= _DIFFERING or Verdict.FLAKY in (one, other)
