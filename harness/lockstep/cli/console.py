"""The terminal around a campaign: a live line while it runs, findings as they come, a summary."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from lockstep.campaign.campaign import Budget, Report, run_campaign
from lockstep.campaign.worker import Plan
from lockstep.case.file import Setting
from lockstep.faults import UsageError
from lockstep.report.campaign import progress_line, summary_table
from lockstep.report.finding import finding_lines
from lockstep.targets.named import find, reach
from lockstep.targets.target import Target

QUIET_SECONDS = 10.0
"""How often a line is printed where no live line can be drawn."""


def run_on_console(plan: Plan, budget: Budget, jobs: int, folder: Path) -> Report:
    """Run a campaign and show it; the summary is printed however it ends."""
    output, progress = Console(highlight=False), Console(stderr=True, highlight=False)
    targets = [find(setting.executor) for setting in plan.settings]
    exclusive = next((each.name for each in targets if each.exclusive), None)
    if exclusive is not None and jobs > 1:
        raise UsageError(f"{exclusive} holds one state: it takes --jobs 1")
    reach(each.name for each in targets)
    names = ", ".join(map(_name, targets, plan.settings))
    output.print(
        f"fuzzing {names} on {plan.storage}, seed {plan.seed}", markup=False, soft_wrap=True
    )
    for projection in plan.projections():
        output.print(projection.words)
    with Live(console=progress, auto_refresh=False, transient=True) as live:
        line = _Line(live, progress)

        def found(report: Report) -> None:
            for text in finding_lines(report.findings[-1]):
                output.print(text, markup=False, soft_wrap=True)

        report = run_campaign(plan, budget, jobs, folder, line.show, found)
    output.print(summary_table(report))
    for complaint in report.complaints:
        output.print(f"health gate failed: {complaint}", markup=False, soft_wrap=True)
    if report.interrupted:
        output.print("interrupted: stopped before the budget was spent", markup=False)
    if report.fault is not None:
        progress.print(f"lockstep: {report.fault}", markup=False, soft_wrap=True)
    return report


def _name(target: Target, setting: Setting) -> str:
    return f"{target.name} ({setting.driver})" if target.drivers else target.name


class _Line:
    """The progress line: drawn in place on a terminal, printed now and then elsewhere."""

    def __init__(self, live: Live, console: Console) -> None:
        self._live = live
        self._console = console
        self._shown = time.monotonic()

    def show(self, report: Report) -> None:
        """Show where ``report`` stands."""
        now = time.monotonic()
        if self._console.is_terminal:
            if now - self._shown >= 0.2:
                self._shown = now
                self._live.update(Text(progress_line(report), overflow="ellipsis"), refresh=True)
        elif now - self._shown >= QUIET_SECONDS:
            self._shown = now
            self._console.print(progress_line(report), markup=False, soft_wrap=True)
