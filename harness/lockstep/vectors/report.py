"""What running the published vectors gave, and its text.

Invariant: every vector has exactly one result, so the three totals add up to the number of vectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from lockstep.verdict import Difference

SHOWN_DIFFERENCES = 3
"""A failure is one line: further differences are only counted."""


class Status(Enum):
    """How one vector ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class VectorResult:
    """One vector: a failed one has ``differences``, an unsupported one a ``reason``."""

    file: str
    name: str
    status: Status
    differences: tuple[Difference, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VectorReport:
    """All results in order; ``other_files`` counts the JSON files that hold no vectors.

    ``not_compared`` counts, by what it was, the vectors in which the executor left something out.
    """

    results: tuple[VectorResult, ...]
    other_files: int
    not_compared: Mapping[str, int] = field(default_factory=dict)

    def count(self, status: Status) -> int:
        """Count the vectors that ended with ``status``."""
        return sum(result.status is status for result in self.results)

    @property
    def passed(self) -> int:
        """The number of vectors that passed."""
        return self.count(Status.PASSED)

    @property
    def failed(self) -> int:
        """The number of vectors that failed."""
        return self.count(Status.FAILED)

    @property
    def unsupported(self) -> int:
        """The number of vectors that were not run."""
        return self.count(Status.UNSUPPORTED)

    def reasons(self) -> Counter[str]:
        """Count the unsupported vectors by reason."""
        return Counter(
            result.reason for result in self.results if result.status is Status.UNSUPPORTED
        )


def lines(report: VectorReport) -> Iterator[str]:
    """Yield the report: failures, reasons of unsupported vectors, then the summary."""
    for result in report.results:
        if result.status is Status.FAILED:
            yield f"FAIL {result.file} {result.name}: {_summary_of(result.differences)}"
    for reason, count in sorted(report.reasons().items(), key=lambda each: (-each[1], each[0])):
        yield f"unsupported {count}: {reason}"
    for word, count in sorted(report.not_compared.items()):
        yield f"not compared {count}: {word}"
    if report.other_files:
        yield f"not a vector file: {report.other_files}"
    yield (
        f"{len(report.results)} vectors: {report.passed} passed, "
        f"{report.failed} failed, {report.unsupported} unsupported"
    )


def _summary_of(differences: tuple[Difference, ...]) -> str:
    texts = [_text_of(each) for each in differences[:SHOWN_DIFFERENCES]]
    if len(differences) > SHOWN_DIFFERENCES:
        texts.append(f"and {len(differences) - SHOWN_DIFFERENCES} more")
    return " ".join("; ".join(texts).split())


def _text_of(difference: Difference) -> str:
    place = f"[{difference.where}]" if difference.where else ""
    return f"{difference.field}{place} expected {difference.expected}, actual {difference.actual}"
