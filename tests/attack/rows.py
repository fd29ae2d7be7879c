"""What an attack reports: what was tried, how often, and what was lost."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.rows import Topic

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

    def cells(self) -> tuple[str, ...]:
        """Return what the row says, as cells of a table."""
        lost = "nothing"
        if self.lost:
            more = "; ..." if len(self.lost) > SHOWN else ""
            lost = f"**{len(self.lost)}**: {'; '.join(self.lost[:SHOWN])}{more}"
        told = (self.tried, f"{self.times:,}", lost, self.seen)
        return tuple(text.replace("|", "\\|") for text in told)


@dataclass(frozen=True, slots=True)
class Attacked(Topic):
    """The rows of one subject, and what must be known to read them."""

    rows: tuple[Row, ...]
    headings: tuple[str, ...] = ("tried", "times", "lost", "seen")

    @property
    def is_clean(self) -> bool:
        """Tell whether something was tried and nothing was lost."""
        return all(row.times and not row.lost for row in self.rows) and bool(self.rows)
