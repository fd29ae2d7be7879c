"""Differences as lines, and the command that shows them again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from lockstep.verdict import Difference

SHOWN_DIFFERENCES = 12


def difference_lines(differences: Iterable[Difference]) -> Iterator[str]:
    """List differences, the first dozen of them."""
    shown = list(differences)
    for each in shown[:SHOWN_DIFFERENCES]:
        yield f"  {each}"
    if len(shown) > SHOWN_DIFFERENCES:
        yield f"  and {len(shown) - SHOWN_DIFFERENCES} more"


def replay_command(path: Path) -> str:
    """Return the command that runs a saved case again."""
    return f"lockstep replay {shlex.quote(str(path))}"
