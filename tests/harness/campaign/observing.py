"""Observers of campaigns: one that sees nothing, to derive from."""

from __future__ import annotations

from lockstep.campaign.notes import Met
from lockstep.campaign.report import Report
from lockstep.findings.finding import Finding, Shape


class Unseeing:
    """Shows nothing."""

    def progress(self, report: Report) -> None:
        """Ignore it."""

    def met(self, met: Met) -> None:
        """Ignore it."""

    def found(self, finding: Finding) -> None:
        """Ignore it."""

    def same(self, shape: Shape) -> None:
        """Ignore it."""
