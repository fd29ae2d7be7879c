"""Investigates a failure as a campaign does."""

from __future__ import annotations

from pathlib import Path

from lockstep.case.file import Record, load
from lockstep.case.values import Case
from lockstep.findings.finding import Finding
from lockstep.findings.investigate import investigate
from lockstep.findings.keeping import Keeper
from lockstep.run.result import Run
from lockstep.targets.target import Lane


def kept_finding(case: Case, run: Run, lane: Lane, folder: Path) -> Finding:
    """Return what is found of a ``case`` that failed in ``run``, kept in ``folder``."""
    return investigate(case, run, lane, {"kind": "test"}, Keeper(folder), "case-0")


def load_finding(finding: Finding) -> Record:
    """Return what the file of ``finding`` holds."""
    assert finding.kept.path is not None
    return load(finding.kept.path)
