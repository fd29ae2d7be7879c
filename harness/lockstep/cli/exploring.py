"""The terminal around an exploration: a progress line with the time left, findings, the result."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from lockstep.explore.explore import Exploration, explore
from lockstep.explore.sums import Sums
from lockstep.explore.worker import Survey
from lockstep.report.exploration import closing_lines, opening_lines, progress_line
from lockstep.report.finding import finding_lines

QUIET_SECONDS = 10.0
"""How often a line is printed where none can be drawn in place."""
DRAW_SECONDS = 0.2
SAVE_SECONDS = 5.0

Save = Callable[[Exploration], None]


def explore_on_console(
    plan: Survey, jobs: int, start: Sums, folder: Path, save: Save
) -> Exploration:
    """Explore and show it; ``save`` is called now and then, and at the end however it comes."""
    output, progress = Console(highlight=False), Console(stderr=True, highlight=False)
    for line in opening_lines(plan, start):
        output.print(line, markup=False, soft_wrap=True)
    started = time.monotonic()
    with Live(console=progress, auto_refresh=False, transient=True) as live:
        shown = _Shown(live, progress, start.next, save)

        def found(exploration: Exploration) -> None:
            for text in finding_lines(exploration.findings[-1]):
                output.print(text, markup=False, soft_wrap=True)

        exploration = explore(plan, jobs, start, folder, shown.show, found)
    save(exploration)
    for line in closing_lines(exploration):
        output.print(line, markup=False, soft_wrap=True)
    output.print(f"in {time.monotonic() - started:.1f} s", markup=False)
    return exploration


class _Shown:
    """Draws the progress line, in place on a terminal, and saves now and then."""

    def __init__(self, live: Live, console: Console, done_before: int, save: Save) -> None:
        self._live = live
        self._console = console
        self._done_before = done_before
        self._save = save
        self._started = self._drawn = self._saved = time.monotonic()

    def show(self, exploration: Exploration) -> None:
        """Show where ``exploration`` stands."""
        now = time.monotonic()
        if now - self._saved >= SAVE_SECONDS:
            self._saved = now
            self._save(exploration)
        in_place = self._console.is_terminal
        if now - self._drawn < (DRAW_SECONDS if in_place else QUIET_SECONDS):
            return
        self._drawn = now
        line = progress_line(exploration, self._done_before, now - self._started)
        if in_place:
            self._live.update(Text(line, overflow="ellipsis"), refresh=True)
        else:
            self._console.print(line, markup=False, soft_wrap=True)
