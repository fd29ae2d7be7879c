"""An explained case as a person reads it: whether it fails, and how the race comes about."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.case.text import case_lines
from lockstep.explain.lines import race_lines
from lockstep.explain.must import difference_sentences
from lockstep.explain.saved import Explained
from lockstep.report.differences import SHOWN_DIFFERENCES


def explanation_lines(explained: Explained, *, all_steps: bool) -> Iterator[str]:
    """Yield the explanation; ``all_steps`` shows the steps that nobody contests, too."""
    record, run, executor = explained.record, explained.run, explained.executor
    if not run.verdict.is_failure:
        again = " any more" if record.verdict else ""
        yield f"{run.verdict.value}: the case does not fail{again} on {executor}"
        return
    yield f"{run.verdict.value.upper()}  executor {executor}"
    told = list(difference_sentences(run))
    yield from (f"  {each}" for each in told[:SHOWN_DIFFERENCES])
    if len(told) > SHOWN_DIFFERENCES:
        yield f"  and {len(told) - SHOWN_DIFFERENCES} more"
    for line in case_lines(record.case):
        yield f"  {line}"
    if explained.unannounced:
        yield f"unannounced: {explained.unannounced}"
        return
    if explained.race is None:
        yield "fails in the sequential order: no race"
        return
    for each in explained.schedule:
        yield f"  schedule: {each}"
    yield from race_lines(explained.race, explained.likelihoods, all_steps=all_steps)
