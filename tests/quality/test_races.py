"""The bench of races: each is real, needs the deviations it says, and is found."""

from __future__ import annotations

import pytest

from benchmarks.races import HUNTS, LIMIT, SEEDLESS, Subject, hunted, races_of_one_block, subjects
from benchmarks.toys import TOYS
from lockstep.schedules.breadth_first import BreadthFirst

SUBJECTS = list(subjects())
NEEDED = [toy.deviations for toy in TOYS] + [row.deviations for row in races_of_one_block()]
SEEDS = 20
TOO_SHALLOW = {
    ("half-published pair (2)", "PCT d=2"),
    ("X30 any-failure-stops (1)", "SURW"),
}
"""A race that needs two changes of priority, where this strategy has one; and one with steps that
the sequential order never takes, by which this strategy counts what is left to do."""

each_subject = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)


@pytest.mark.parametrize(("subject", "deviations"), list(zip(SUBJECTS, NEEDED, strict=True)))
def test_a_race_needs_as_many_deviations_as_it_says(subject: Subject, deviations: int) -> None:
    search = BreadthFirst(subject.ids, LIMIT)
    failing = (choose.schedule for choose in search.executions() if subject.race(choose)[0])
    assert len(next(failing)) == deviations


@each_subject
def test_the_sequential_order_never_fails(subject: Subject) -> None:
    assert hunted("sequential", subject).lost == 1


@each_subject
@pytest.mark.parametrize("name", sorted(set(HUNTS) - set(SEEDLESS)))
def test_a_strategy_finds_the_race_with_nearly_every_seed(subject: Subject, name: str) -> None:
    lost = hunted(name, subject, SEEDS).lost
    assert lost == SEEDS if (subject.name, name) in TOO_SHALLOW else lost <= 1


@each_subject
def test_the_exhaustive_searches_find_the_race_with_every_seed(subject: Subject) -> None:
    assert hunted("DPOR", subject, SEEDS).lost == 0
    assert hunted("breadth-first", subject).lost == 0


def test_a_race_is_a_function_of_its_schedule() -> None:
    for subject in SUBJECTS:
        ends = []
        for _ in range(2):
            runs = []
            for choose in BreadthFirst(subject.ids, 20).executions():
                failed, trace = subject.race(choose)
                runs.append((failed, [(step.task, step.operation.label) for step in trace]))
            ends.append(runs)
        assert ends[0] == ends[1]
