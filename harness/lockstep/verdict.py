"""The words a run can end with. A broken check is never ``agree``; a skip is never green."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Self

from lockstep.foreign.text import shown, shown_block


class Verdict(Enum):
    """How a run of one case ended."""

    AGREE = "agree"
    DIVERGE = "diverge"
    SELF_DIVERGE = "self_diverge"
    HISTORY = "history"
    UNANNOUNCED = "unannounced"
    INVARIANT = "invariant"
    CRASH = "crash"
    HANG = "hang"
    PROTOCOL_ERROR = "protocol_error"
    UNSUPPORTED = "unsupported"
    FLAKY = "flaky"

    @property
    def is_failure(self) -> bool:
        """Tell whether the executor under test is at fault."""
        return self not in (Verdict.AGREE, Verdict.UNSUPPORTED)


ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where expected and actual differ.

    ``field`` names what was compared (as ``modified_balances``), ``where`` the entry in it; a side
    that has no such entry shows ``ABSENT``. Whatever an executor had a word in is harmless: it can
    be printed and kept. Only what a program wrote on standard error has more than one line.
    """

    field: str
    where: str
    expected: str
    actual: str

    def __post_init__(self) -> None:
        for name in ("field", "where", "expected", "actual"):
            text = getattr(self, name)
            harmless = shown_block(text)
            if harmless != text:
                object.__setattr__(self, name, harmless)

    def __str__(self) -> str:
        place = f"{self.field}[{self.where}]" if self.where else self.field
        return f"{place}: expected {self.expected}, actual {self.actual}"


class NoOutcome(Exception):
    """The target gave nothing to compare: ``verdict`` says why, ``differences`` what happened."""

    def __init__(self, verdict: Verdict, *differences: Difference) -> None:
        super().__init__("; ".join(map(str, differences)))
        self.verdict = verdict
        self.differences = differences

    @classmethod
    def because(cls, verdict: Verdict, where: str, text: str, *more: Difference) -> Self:
        """Say in words why there is no outcome; ``more`` is what else was seen."""
        return cls(verdict, Difference("executor", where, "an outcome", shown(text)), *more)
