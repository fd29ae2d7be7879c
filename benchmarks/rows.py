"""What a benchmark reports: one row a measured value, beside its target if it has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from benchmarks.timing import Timing


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The value should not be below ``bound``."""

    bound: float

    def met_by(self, value: float) -> bool:
        """Tell whether ``value`` is enough."""
        return value >= self.bound

    def __str__(self) -> str:
        return f"≥ {number(self.bound)}"


@dataclass(frozen=True, slots=True)
class AtMost:
    """The value should not be above ``bound``."""

    bound: float

    def met_by(self, value: float) -> bool:
        """Tell whether ``value`` is low enough."""
        return value <= self.bound

    def __str__(self) -> str:
        return f"≤ {number(self.bound)}"


Target: TypeAlias = AtLeast | AtMost


@dataclass(frozen=True, slots=True)
class Row:
    """One value with its unit; ``span`` are the lowest and the highest of its repeats."""

    what: str
    value: float
    unit: str
    span: tuple[float, float] | None = None
    target: Target | None = None

    @classmethod
    def of(cls, what: str, timing: Timing, unit: str, target: Target | None = None) -> Row:
        """Report the median of ``timing``."""
        return cls(what, timing.median, unit, (timing.lowest, timing.highest), target)

    def cells(self) -> tuple[str, str, str, str, str]:
        """Return what the row says, in the order of ``HEADINGS``."""
        span = "" if self.span is None else f"{number(self.span[0])} to {number(self.span[1])}"
        target, met = "", ""
        if self.target is not None:
            target, met = str(self.target), "yes" if self.target.met_by(self.value) else "**no**"
        return self.what, f"{number(self.value)} {self.unit}".rstrip(), span, target, met


class Line(Protocol):
    """A line of a table."""

    def cells(self) -> tuple[str, ...]:
        """Return what the line says, in the order of its topic's headings."""
        ...


HEADINGS = ("measured", "median", "lowest to highest", "target", "met")


@dataclass(frozen=True, slots=True)
class Topic:
    """The rows of one subject, and what must be known to read them."""

    title: str
    note: str
    rows: tuple[Line, ...]
    headings: tuple[str, ...] = HEADINGS

    def lines(self) -> Iterator[str]:
        """Yield the topic as a section of a document."""
        yield from (f"## {self.title}", "", self.note, "")
        yield from (_line(self.headings), _line(["---"] * len(self.headings)))
        yield from (_line(row.cells()) for row in self.rows)
        yield ""


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def number(value: float) -> str:
    """Return ``value`` with three significant digits and separated thousands."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
