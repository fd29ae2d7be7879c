"""The ways to look for a fault that are compared.

A baseline is given up on a fault once most seeds missed it, for its median is decided then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from benchmarks.detection.hunt import Hunt, hunt, over_own_cases
from benchmarks.detection.plain import over_plain_cases
from lockstep.audit.audit import Audited
from lockstep.audit.subject import Subject
from lockstep.audit.trial import Terms, Trial, detect, run_trial
from lockstep.run.stores import open_stores
from lockstep.run.under_test import StoresUnderTest

STORAGE = "rocksdb"


@dataclass(frozen=True, slots=True)
class Effort:
    """CPU-seconds that lockstep and a baseline may spend on a fault and a seed, and the seeds."""

    ours: float
    baseline: float
    seeds: int


Lane: TypeAlias = Callable[[Subject, Effort], Audited]


def lockstep(subject: Subject, effort: Effort) -> Audited:
    """Run what ``lockstep audit`` runs."""
    terms = Terms(effort.ours, STORAGE)
    return Audited(subject, tuple(run_trial(subject, each, terms) for each in _seeds(effort)))


def delays(subject: Subject, effort: Effort) -> Audited:
    """Run ``lockstep fuzz --driver threads``: its cases, real threads, injected delays."""
    terms = Terms(effort.baseline, STORAGE, driver="threads")
    search = partial(detect, subject, terms=terms)
    return Audited(subject, _until_decided(search, _seeds(effort)))


def threads(subject: Subject, effort: Effort) -> Audited:
    """Run lockstep's own cases on real threads that nothing delays."""
    return _hunted(subject, effort, _seeds(effort), over_own_cases)


def plain(subject: Subject, effort: Effort) -> Audited:
    """Run nested Hypothesis strategies on real threads that nothing delays."""
    seeds = [str(number) for number in range(effort.seeds)]
    return _hunted(subject, effort, seeds, lambda seed: over_plain_cases(int(seed)))


def _hunted(
    subject: Subject,
    effort: Effort,
    seeds: Sequence[str],
    searching: Callable[[str], Callable[[Hunt], None]],
) -> Audited:
    with open_stores(STORAGE) as ours:
        setting = subject.setting
        under_test = setting.storage and StoresUnderTest(setting.storage, setting.deadline)

        def search(seed: str) -> Trial:
            stores = under_test or ours
            return hunt(subject.executor, seed, effort.baseline, stores, searching(seed))

        return Audited(subject, _until_decided(search, seeds))


LANES: Mapping[str, Lane] = {
    "plain": plain,
    "threads": threads,
    "delays": delays,
    "lockstep": lockstep,
}


def run_lane(name: str, subject: Subject, effort: Effort) -> Audited:
    """Run one lane on one fault; for a process of its own."""
    return LANES[name](subject, effort)


def _seeds(effort: Effort) -> list[str]:
    return [f"audit-{number}" for number in range(effort.seeds)]


def _until_decided(search: Callable[[str], Trial], seeds: Sequence[str]) -> tuple[Trial, ...]:
    trials: list[Trial] = []
    for seed in seeds:
        trials.append(search(seed))
        if 2 * sum(not trial.found for trial in trials) > len(seeds):
            break
    return tuple(trials)
