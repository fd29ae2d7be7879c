"""Cells of a table: whatever a cell says stands there as it is, and is harmless."""

from __future__ import annotations

from rich.text import Text

from lockstep.foreign.text import shown_block


def cells(*texts: str) -> tuple[Text, ...]:
    """Return the cells of a row; a text of several lines is a cell of several lines."""
    return tuple(Text(shown_block(each, most=None)) for each in texts)
