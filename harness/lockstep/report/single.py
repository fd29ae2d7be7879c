"""A single case of a campaign as a person reads it: the case, then how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockstep.campaign.plan import Plan
from lockstep.campaign.worker import Ran
from lockstep.case.text import case_lines
from lockstep.report.differences import difference_lines
from lockstep.verdict import Verdict


def single_lines(plan: Plan, runs: Sequence[Ran]) -> Iterator[str]:
    """Yield the case that was run, and what came of it."""
    first = runs[0]
    yield f"case {first.number} of seed {plan.seed}"
    yield from ("  " + line for line in case_lines(first.case))
    for ran in runs:
        run, executor = ran.run, plan.settings[ran.setting].executor
        why = "; ".join(
            run.why_unsupported() if run.verdict is Verdict.UNSUPPORTED else run.not_compared
        )
        yield f"{run.verdict.value} {executor}" + (f": {why}" if why else "")
        yield from difference_lines(run.differences)
