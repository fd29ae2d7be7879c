"""A recorded failure outlives edits of the executor that have nothing to do with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache

import pytest

from lockstep.case.file import Record, Setting
from lockstep.findings.replay import replay
from lockstep.findings.replayed import Rung
from lockstep.run.stores import MemoryStores
from lockstep.targets.inside import InsideTarget
from lockstep_parallel.executors.batched import Batched
from tests.quality.edits import EDITS, MUTANTS, recorded_version, recordings

RECORDINGS = 201
SHARE = 0.95


@lru_cache
def recorded(mutant: type[Batched]) -> tuple[Record, ...]:
    return tuple(recordings(mutant, RECORDINGS // len(MUTANTS)))


def rungs(version: Callable[[type[Batched]], type[Batched]]) -> Counter[Rung]:
    """Replay every recorded failure on a version of its mutant and count the rungs."""
    counts: Counter[Rung] = Counter()
    for mutant in MUTANTS:
        target = InsideTarget("edited", version(mutant))
        for record in recorded(mutant):
            replayed = replay(record, MemoryStores(), Setting("edited"), target)
            same = replayed.run.verdict.value == record.verdict
            counts[replayed.rung if same else Rung.NONE] += 1
    return counts


def test_every_recorded_failure_comes_back_where_nothing_was_edited() -> None:
    assert rungs(recorded_version) == {Rung.DEVIATIONS: RECORDINGS}


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_nearly_every_recorded_failure_comes_back_after_an_edit(
    edit: Callable[[type[Batched]], type[Batched]],
    record_property: Callable[[str, object], None],
) -> None:
    counts = rungs(edit)
    shares = {rung.value: counts[rung] / RECORDINGS for rung in Rung}
    print(edit.__name__, shares)  # noqa: T201 - shown with -rP
    record_property("shares", shares)
    assert shares[Rung.NONE.value] <= 1 - SHARE


def test_the_mutants_without_their_fault_are_not_accused_by_any_of_these() -> None:
    for mutant in MUTANTS:
        for record in recorded(mutant)[:3]:
            assert replay(record, MemoryStores(), Setting()).rung is Rung.NONE
