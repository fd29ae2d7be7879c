"""What running the published vectors gave.

Invariant: every vector has exactly one result, so the three totals add up to the number of vectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from lockstep.verdict import Difference


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

    ``not_compared`` counts, by what it was, the vectors in which the executor left something out;
    ``refused`` says of every file that cannot be used why.
    """

    results: tuple[VectorResult, ...]
    other_files: int
    not_compared: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

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
