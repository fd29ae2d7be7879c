"""What a command's exit code says: the one place that maps verdicts to numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lockstep.verdict import Verdict

if TYPE_CHECKING:
    from lockstep.campaign.report import Report
    from lockstep.findings.files import Totals

AGREE, DIVERGENCE, USAGE, FAULT, GATE = range(5)

_TARGET_FAULTS = frozenset({Verdict.CRASH, Verdict.HANG, Verdict.PROTOCOL_ERROR})


def of_verdicts(verdicts: Iterable[Verdict]) -> int:
    """Return 1 if any run diverged, else 3 if the target broke in any, else 0."""
    failures = {each for each in verdicts if each.is_failure}
    if failures - _TARGET_FAULTS:
        return DIVERGENCE
    return FAULT if failures else AGREE


def of_single(verdicts: list[Verdict]) -> int:
    """Return what ``of_verdicts`` does, and 4 where nothing was compared."""
    return GATE if set(verdicts) == {Verdict.UNSUPPORTED} else of_verdicts(verdicts)


def of_campaign(report: Report) -> int:
    """Return the exit code of a campaign: the worst it met, an unfinished one is no success.

    A missed control comes before all: a campaign that misses a fault, or sees one where there is
    none, says nothing about the executor. What is known and set aside has no part in it.
    """
    if report.tally.controls.missed:
        return GATE
    kept = [each.failure.run.verdict for each in report.unsettled]
    kept += [each.run.verdict for each in report.findings]
    lasting = [each for each in kept if each is not Verdict.FLAKY]
    met = report.verdicts if report.known else map(Verdict, report.tally.verdicts)
    code = of_verdicts([*met, *lasting]) or of_verdicts(kept)
    if code == DIVERGENCE:
        return code
    if report.fault is not None or report.interrupted:
        return FAULT
    return GATE if report.complaints and code == AGREE else code


def of_replay(totals: Totals) -> int:
    """Return 2 if a file was refused, 1 on a divergence, 3 when anything broke, else 0.

    A failure that is not the one in the file is a divergence, whatever its verdict. Broken is the
    target, the harness, or a reference that has drifted. Where every run was unsupported nothing
    was compared: that is 4.
    """
    if totals.refused:
        return USAGE
    code = DIVERGENCE if totals.another else of_verdicts(totals.verdicts)
    if code == AGREE and (totals.drifted or totals.broken):
        return FAULT
    return GATE if set(totals.verdicts) == {Verdict.UNSUPPORTED} else code
