"""The terminal around an exploration: the time left, findings, the result."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lockstep.cli.screen import Screen
from lockstep.explore.explore import Exploration, explore
from lockstep.explore.sums import BlockFailure, Sums
from lockstep.explore.worker import Survey
from lockstep.findings.keeping import Kept
from lockstep.report.exploration import (
    assumption_lines,
    closing_lines,
    opening_lines,
    progress_line,
)
from lockstep.report.finding import finding_lines, met_lines

SAVE_SECONDS = 5.0

Save = Callable[[Exploration], None]


def explore_on_console(
    plan: Survey,
    jobs: int,
    start: Sums,
    folder: Path,
    save: Save,
    *,
    stop_at_first: bool = False,
) -> Exploration:
    """Explore and show it; ``save`` is called now and then, and at the end however it comes."""
    started = time.monotonic()
    with Screen() as screen:
        screen.say(*opening_lines(plan, start))
        shown = _Shown(screen, start.next, save)

        def met(failure: BlockFailure, kept: Kept) -> None:
            screen.tell(met_lines(failure.run, failure.fingerprint, plan.setting, kept))

        def found(exploration: Exploration) -> None:
            screen.tell(finding_lines(exploration.findings[-1]))

        exploration = explore(
            plan, jobs, start, folder, shown.show, met, found, stop_at_first=stop_at_first
        )
        save(exploration)
        screen.say(*closing_lines(exploration), *assumption_lines(plan, exploration.tally))
        screen.say(f"in {time.monotonic() - started:.1f} s")
    return exploration


class _Shown:
    """Shows an exploration while it runs, and saves now and then."""

    def __init__(self, screen: Screen, done_before: int, save: Save) -> None:
        self._screen = screen
        self._done_before = done_before
        self._save = save
        self._started = self._saved = time.monotonic()

    def show(self, exploration: Exploration) -> None:
        """Show where ``exploration`` stands."""
        now = time.monotonic()
        if now - self._saved >= SAVE_SECONDS:
            self._saved = now
            self._save(exploration)
        line = progress_line(exploration, self._done_before, now - self._started)
        self._screen.progress(line)
