"""What an attack reports: what was tried, how often, and what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of attack; ``lost`` names everything that did not end as it must.

    ``seen`` is what was measured on the way, in a few words.
    """

    tried: str
    times: int
    lost: tuple[str, ...] = ()
    seen: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        """Return what the row says."""
        lost = "nothing"
        if self.lost:
            more = "; ..." if len(self.lost) > SHOWN else ""
            lost = f"**{len(self.lost)}**: {'; '.join(self.lost[:SHOWN])}{more}"
        return self.tried, f"{self.times:,}", lost, self.seen


@dataclass(frozen=True, slots=True)
class Attacked:
    """The rows of one subject, and what must be known to read them."""

    title: str
    note: str
    rows: tuple[Row, ...]

    @property
    def is_clean(self) -> bool:
        """Tell whether something was tried and nothing was lost."""
        return all(row.times and not row.lost for row in self.rows) and bool(self.rows)

    def lines(self) -> Iterator[str]:
        """Yield the subject as a section of a document."""
        yield from (f"## {self.title}", "", self.note, "")
        yield from ("| tried | times | lost | seen |", "| --- | --- | --- | --- |")
        for row in self.rows:
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row.cells()) + " |"
        yield ""
