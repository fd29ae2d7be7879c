"""A finding: what a failure was settled to, and the file that it is kept in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lockstep.case.deviation import Schedule
from lockstep.case.file import Record, Setting
from lockstep.case.reproduction import Reproduction
from lockstep.case.values import Case
from lockstep.findings.drift import expected_documents, observed_documents
from lockstep.findings.keeping import Kept
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.shrink.reduce import Reduced

FINDINGS = Path("corpora/findings")


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a failure: the smallest case and schedule, a run of them, how it comes back.

    ``repeatable`` is False when the failure did not come back while it was investigated, so that
    nothing was shrunk, or when two replays were offered different steps or ended differently, so
    that the executor depends on more than its schedule. ``race`` says in a sentence how the failure
    came about, if that takes a schedule. ``reproduction`` says how often it comes back, where that
    takes repetition. ``after`` are the cases that the executor must have run before, if it fails
    after others alone.
    """

    reduced: Reduced
    run: Run
    repeatable: bool
    race: str | None = None
    reproduction: Reproduction | None = None
    after: tuple[Case, ...] = ()

    def record(self, setting: Setting, origin: dict[str, str]) -> Record:
        """Return the case file of the failure."""
        run = self.run
        return Record(
            case=self.reduced.case,
            origin=origin,
            description=" ".join(signature_of(run)),
            setting=setting,
            schedule=self.reduced.schedule,
            trace=run.trace(),
            expected=expected_documents(run),
            observed=observed_documents(run),
            verdict=run.verdict.value,
            reproduction=self.reproduction,
            after=self.after,
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """Another way in which a failure of a known ``kind`` shows, and where it is kept.

    ``fingerprint`` is the bin that it was met in. It is kept to be replayed when the kind has been
    repaired: if it still fails then, it was another.
    """

    fingerprint: str
    kind: str
    setting: Setting
    run: Run
    kept: Kept


@dataclass(frozen=True, slots=True)
class Finding:
    """A failure of a new ``kind``, and where it is kept.

    ``versus`` says what other executors make of the case.
    """

    kind: str
    setting: Setting
    original_transactions: int
    settled: Settled
    kept: Kept
    versus: tuple[str, ...] = ()

    @property
    def case(self) -> Case:
        """The smallest case."""
        return self.settled.reduced.case

    @property
    def schedule(self) -> Schedule:
        """The schedule under which it fails; empty if it fails in the sequential order."""
        return self.settled.reduced.schedule

    @property
    def run(self) -> Run:
        """A run of the smallest case that fails."""
        return self.settled.run
