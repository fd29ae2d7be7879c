"""Investigates a failure: keeps it, settles it by the way back that its lane has, keeps that."""

from __future__ import annotations

from collections.abc import Callable

from lockstep.case.deviation import Schedule
from lockstep.case.file import Record
from lockstep.case.values import Case
from lockstep.findings.drift import expected_documents, observed_documents
from lockstep.findings.finding import Finding, Settled, Shape
from lockstep.findings.keeping import Keeper, Kept
from lockstep.findings.way_back import way_back
from lockstep.run.fingerprint import fingerprint, signature_of
from lockstep.run.result import Run
from lockstep.shrink.reduce import Watch
from lockstep.shrink.same_failure import schedule_of
from lockstep.targets.target import Lane


class Inquiry:
    """A ``case`` that failed in ``run`` on ``lane`` and was ``kept``, to be shrunk and kept again.

    ``between`` is called between any two candidates. Wherever this is broken off, the smallest form
    so far is in the file. ``earlier`` are the cases that the lane had run before.
    """

    def __init__(
        self,
        case: Case,
        run: Run,
        lane: Lane,
        origin: dict[str, str],
        keeper: Keeper,
        kept: Kept,
        between: Callable[[], None] = lambda: None,
        earlier: tuple[Case, ...] = (),
    ) -> None:
        self._case = case
        self._run = run
        self._lane = lane
        self._raw = met_record(case, run, lane, origin)
        self._keeper = keeper
        self._kept = kept
        self._between = between
        self._earlier = earlier

    def settled(self) -> Settled:
        """Settle the failure by the way back that its lane has."""
        watch = Watch(self._smaller, self._between)
        way = way_back(self._lane, self._raw.verdict)
        return way.settle(self._case, self._run, watch, self._earlier)

    def simplest(self, settled: Settled) -> Settled:
        """Shrink on to the simplest failure in it, whose form names the kind."""
        return way_back(self._lane, self._raw.verdict).simplest(settled, self._between)

    def concluded(self, settled: Settled, kind: str, form: str = "") -> Finding:
        """Keep what it was settled to as a finding of ``kind``, in place of what was kept."""
        return Finding(
            kind=kind,
            setting=self._lane.setting,
            original_transactions=self._case.transactions(),
            settled=settled,
            kept=self._keeper.settled(self._kept, self._record(settled, form), kind),
        )

    def shape(self, settled: Settled, fingerprint: str, kind: str, form: str) -> Shape:
        """Keep what it was settled to beside the finding of ``kind``."""
        return Shape(
            fingerprint=fingerprint,
            kind=kind,
            setting=self._lane.setting,
            run=settled.run,
            kept=self._keeper.settled(self._kept, self._record(settled, form), kind),
        )

    def forget(self) -> None:
        """Keep nothing of it as it was met."""
        self._keeper.forget(self._kept)

    def _record(self, settled: Settled, form: str) -> Record:
        differences = settled.run.differences
        words = {each.field: each.actual for each in differences if each.field == "stderr"}
        words |= {"form": form} if form else {}
        return settled.record(self._lane.setting, self._raw.origin | words)

    def _smaller(self, case: Case, schedule: Schedule) -> None:
        raw = self._raw
        record = Record(
            case=case,
            origin=raw.origin,
            description=raw.description,
            setting=raw.setting,
            schedule=schedule,
            verdict=raw.verdict,
        )
        self._kept = self._keeper.smaller(self._kept, record)


def investigate(
    case: Case,
    run: Run,
    lane: Lane,
    origin: dict[str, str],
    keeper: Keeper,
    name: str,
    met: Callable[[Kept], None] = lambda _kept: None,
) -> Finding:
    """Keep a failure that was just met, under a ``name`` of its own, and go through an inquiry.

    ``met`` is told where it is before anything is shrunk.
    """
    kind = fingerprint(lane.setting.label, run)
    kept = keeper.met(met_record(case, run, lane, origin), kind, name)
    met(kept)
    inquiry = Inquiry(case, run, lane, origin, keeper, kept)
    return inquiry.concluded(inquiry.settled(), kind)


def met_record(case: Case, run: Run, lane: Lane, origin: dict[str, str]) -> Record:
    """Return the case file of a failure that was just met."""
    return Record(
        case=case,
        origin=origin | lane.identity(),
        description=" ".join(signature_of(run)),
        setting=lane.setting,
        schedule=schedule_of(run, lane.setting.workers),
        trace=run.trace(),
        expected=expected_documents(run),
        observed=observed_documents(run),
        verdict=run.verdict.value,
    )
