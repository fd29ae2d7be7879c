"""The one writer of a command that shows its progress: lines that stay, and one that does not.

Invariant: a line that stays is never overwritten, nor joined to the progress line, whichever of the
two streams is a terminal; a progress line takes one row.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.cells import cell_len, set_cell_size
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lockstep.cli.output import say_on
from lockstep.foreign.text import shown

DRAW_SECONDS = 0.2
QUIET_SECONDS = 10.0
"""How often a line is printed where none can be drawn in place."""
FIRST_SECONDS = 1.0
"""When the first line of progress is shown."""
ENDLESS = 100_000
"""Columns that no table needs."""
CLOCK_SECONDS = 60.0
"""From when on lines that stay are preceded by the time of day."""

STYLES = {
    "agree": "green",
    "diverge": "bold red",
    "self_diverge": "bold red",
    "history": "bold red",
    "unannounced": "bold red",
    "invariant": "bold red",
    "flaky": "bold magenta",
    "crash": "bold yellow",
    "hang": "bold yellow",
    "protocol_error": "bold yellow",
    "unsupported": "cyan",
}
"""How the word of a verdict looks where a line begins with it."""


class Screen:
    """Standard output, and the progress line on standard error; a context manager."""

    def __init__(self) -> None:
        self.output = Console(highlight=False)
        self._errors = Console(stderr=True, highlight=False)
        self._in_place = self._errors.is_terminal
        self._started = time.monotonic()
        self._shown = self._started + FIRST_SECONDS - QUIET_SECONDS
        if self._in_place:
            self._shown = self._started
        self._drawn = False

    def say(self, *lines: str) -> None:
        """Print lines that stay."""
        self.show(*(_styled(shown(line, most=None)) for line in lines))

    def show(self, *things: RenderableType) -> None:
        """Print what stays: tables as they are, lines as long as they are."""
        self._erase()
        for each in things:
            if isinstance(each, Table):
                self._show_table(each)
            else:
                self.output.print(each, markup=False, soft_wrap=isinstance(each, str | Text))
        self.output.file.flush()
        if self._in_place:
            # What goes through a pipe, as to `tee`, is there before the next line is drawn.
            self._shown = time.monotonic()

    def tell(self, lines: Iterable[str]) -> None:
        """Print lines that stay, after the time of day in a long run."""
        if time.monotonic() - self._started >= CLOCK_SECONDS:
            self.say(datetime.now().astimezone().strftime("at %H:%M:%S"))
        self.say(*lines)

    def complain(self, line: str) -> None:
        """Print a line that stays to standard error."""
        self._erase()
        say_on(self._errors, line)

    def progress(self, line: str) -> None:
        """Show how it goes, unless that was done a moment ago."""
        now = time.monotonic()
        if now - self._shown < (DRAW_SECONDS if self._in_place else QUIET_SECONDS):
            return
        self._shown = now
        if not self._in_place:
            say_on(self._errors, line)
            return
        width = max(self._errors.width - 1, 1)
        if cell_len(line) > width:
            line = set_cell_size(line, width)
        self._errors.file.write(f"\r\x1b[2K{line}")
        self._errors.file.flush()
        self._drawn = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._erase()
        sys.stdout.flush()

    def _show_table(self, table: Table) -> None:
        """Print ``table`` whole: as wide as it is in a pipe, row by row where it is too wide."""
        output = self.output
        endless = output.options.update(width=ENDLESS, max_width=ENDLESS)
        width = Measurement.get(output, endless, table)
        in_one_row = any(column.no_wrap for column in table.columns)
        least = width.maximum if in_one_row else width.minimum
        if least <= output.width:
            output.print(table)
        elif output.is_terminal:
            output.print(*_row_by_row(table), sep="\n", markup=False, soft_wrap=True)
        else:
            Console(highlight=False, width=least).print(table)

    def _erase(self) -> None:
        if self._drawn:
            self._drawn = False
            self._errors.file.write("\r\x1b[2K")
            self._errors.file.flush()


def _row_by_row(table: Table) -> Iterator[str]:
    """Yield the rows of a table one below the other, a line a cell."""
    names = [str(column.header) for column in table.columns]
    width = max(map(cell_len, names))
    for row in zip(*(column.cells for column in table.columns), strict=True):
        for name, cell in zip(names, row, strict=True):
            if str(cell):
                yield f"{set_cell_size(name, width)}  {cell}"
        yield ""
    if table.caption is not None:
        yield str(table.caption)


def _styled(line: str) -> Text:
    """Return ``line`` with the word of a verdict that it begins with in its colour."""
    text = Text(line)
    word = line.partition(" ")[0]
    style = STYLES.get(word.lower())
    if style is not None:
        text.stylize(style, 0, len(word))
    return text
