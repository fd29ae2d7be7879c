"""An audit: every subject under every seed, on one or more processes, and what that adds up to.

Invariant: trials stand in the order of subjects and seeds whatever the number of processes. What a
subject raises is the result of its trial, and the others are made all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from lockstep.audit.subject import Size, Subject
from lockstep.audit.trial import Terms, Trial, broken_trial, run_trial
from lockstep.campaign.processes import Work
from lockstep.campaign.work import Task
from lockstep.faults import HarnessFault, UsageError
from lockstep.run.watchdog import watching


@dataclass(frozen=True, slots=True)
class Audited:
    """A subject and its trials; none were made if its fault is masked."""

    subject: Subject
    trials: tuple[Trial, ...]

    @property
    def found(self) -> tuple[Trial, ...]:
        """Return the trials that detected the fault."""
        return tuple(trial for trial in self.trials if trial.found)

    @property
    def survived(self) -> bool:
        """Tell whether most seeds did not find the fault, though something could have shown it."""
        if self.subject.masked or self.broke:
            return False
        return 2 * len(self.found) <= len(self.trials)

    @property
    def broke(self) -> tuple[str, ...]:
        """Return why trials could not be made, in the order of the seeds."""
        return tuple(f"seed {each.seed}: {each.broke}" for each in self.trials if each.broke)

    @property
    def alarms(self) -> tuple[str, ...]:
        """Return every accusation of the correct twin."""
        twins = (trial.twin for trial in self.trials)
        return tuple(alarm for twin in twins if twin is not None for alarm in twin.alarms)

    @property
    def smallest(self) -> Size | None:
        """Return the smallest size that a failure shrank to."""
        return min(self._sizes(), default=None)

    @property
    def usual(self) -> Size | None:
        """Return the median size that failures shrank to, the larger of two in the middle."""
        sizes = sorted(self._sizes())
        return sizes[len(sizes) // 2] if sizes else None

    @property
    def shrinking(self) -> float | None:
        """Return the median CPU-seconds of shrinking."""
        seconds = [trial.shrunk.seconds for trial in self.found if trial.shrunk is not None]
        return median(seconds) if seconds else None

    def to_detection(self, measured: Callable[[Trial], float]) -> tuple[float, float] | None:
        """Return the median and the worst of what finding took; None if the fault survived.

        A seed that did not find it counts with what it spent in vain, which is less than it needs.
        """
        if self.survived or self.broke or not self.trials:
            return None
        values = [measured(trial) for trial in self.trials]
        return median(values), max(values)

    def _sizes(self) -> list[Size]:
        return [trial.shrunk.size for trial in self.found if trial.shrunk is not None]


def run_audit(
    subjects: Sequence[Subject], seeds: Sequence[str], terms: Terms, jobs: int
) -> Iterator[Audited]:
    """Make every trial; yield each subject, in order, when its last one is done."""
    tried = [subject for subject in subjects if not subject.masked]
    work = [(subject, seed, terms) for subject in tried for seed in seeds]
    with watching(), Work(_Trials, jobs, _Trials(), _Deaths()) as working:
        trials = working.results(work)
        for subject in subjects:
            made = () if subject.masked else tuple(next(trials) for _ in seeds)
            yield Audited(subject, made)


def _words(subject: Subject, seed: str, _terms: Terms) -> str:
    return f"{subject.setting.tested} under seed {seed}"


class _Trials:
    """Makes trials; all hold their own resources."""

    def __init__(self, _number: int = 0) -> None:
        pass

    def do(
        self, subject: Subject, seed: str, terms: Terms, death: str = ""
    ) -> Generator[None, None, Trial]:
        """Make one trial, unless a process died of it; there are no notes."""
        yield from ()
        if death:
            return broken_trial(seed, death)
        try:
            return run_trial(subject, seed, terms)
        except (HarnessFault, UsageError) as error:
            return broken_trial(seed, str(error))
        except Exception as error:
            # Whatever one subject does, the others are still to be measured.
            return broken_trial(seed, f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Release nothing."""


class _Deaths:
    """A supervisor for whom the death of a process is the result of what it was at."""

    def note(self, note: object) -> None:
        """Ignore it."""

    def attend(self) -> None:
        """Do nothing."""

    def died(self, task: Task, how: str) -> Task:
        """Have the trial told as broken."""
        subject, seed, terms, *_ = task
        return (subject, seed, terms, how)
