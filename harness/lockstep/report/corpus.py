"""The table of behaviour covered: for every class of fact, how many there are and the rarest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.table import Table

from lockstep.corpus.behaviours import CLASSES, Fact
from lockstep.report.cells import cells

SHOWN_RARE = 3


def cover_table(found: Sequence[frozenset[Fact]]) -> Table:
    """Return the table of what cases with these facts cover."""
    counts = Counter(fact for facts in found for fact in facts)
    table = Table(title=f"{len(counts)} facts of {len(found)} cases")
    table.add_column("class")
    table.add_column("facts", justify="right")
    table.add_column("in one case only", justify="right")
    table.add_column("what they tell, and the rarest of them")
    for name, meaning in CLASSES.items():
        facts = sorted(fact for fact in counts if fact[0] == name)
        rare = sorted(facts, key=lambda fact: (counts[fact], fact))[:SHOWN_RARE]
        lines = [meaning, *(f"{counts[fact]} x {', '.join(fact[1:])}" for fact in rare)]
        once = sum(counts[fact] == 1 for fact in facts)
        table.add_row(*cells(name, str(len(facts)), str(once), "\n".join(lines)))
    return table


def cover_line(facts: Iterable[Fact]) -> str:
    """Return in one line how many facts of every class there are."""
    counts = Counter(fact[0] for fact in facts)
    return ", ".join(f"{name} {counts[name]}" for name in CLASSES)
