"""How many executions each schedule strategy needs to find a race that is known to be there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, repeat
from math import inf
from pathlib import Path
from random import Random
from typing import TypeAlias, cast

from benchmarks.rows import Topic
from benchmarks.toys import TOYS, Toy
from lockstep.case.file import Setting, load
from lockstep.case.values import BlockStep
from lockstep.run.stores import MemoryStores
from lockstep.schedules.breadth_first import BreadthFirst
from lockstep.schedules.dpor import Exhaustive, Redundant
from lockstep.schedules.pct import ProbabilisticConcurrency
from lockstep.schedules.pos import PartialOrderSampling
from lockstep.schedules.random_walk import RandomWalk
from lockstep.schedules.surw import SelectivelyUniform
from lockstep.streams import stream
from lockstep.targets.named import open_steered
from lockstep_mutants.catalogue import ROWS, Row
from lockstep_parallel.steps.drivers.scheduled import Choose, Pending, lowest_first

TABLE = Path(__file__).parent / "races.md"
MUTANTS = Path(__file__).parents[1] / "corpora" / "mutants"

SEEDS = 200
LIMIT = 300

NOTE = f"""\
Executions up to the first failure over {SEEDS} seeds: median / 90th percentile / worst. A seed is
given up after {LIMIT} executions; how many were is in brackets. POS, PCT and SURW need a trace to
begin with: their first execution is the sequential one, which counts. DPOR takes its choices at
random; breadth-first and sequential know no seed. The toys are in `benchmarks/toys.py`, the mutants
run on their smallest case in `corpora/mutants`. In brackets behind each name: the fewest deviations
from the sequential order that make it fail."""

Race: TypeAlias = Callable[[Choose], tuple[bool, list[Pending]]]
"""Executes once: tells whether that failed, and returns the trace."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A race under test; ``ids`` name its tasks."""

    name: str
    ids: tuple[str, ...]
    race: Race


Hunt: TypeAlias = Callable[[Random, Subject], Iterator[bool]]
"""Executes again and again, and yields whether each execution failed."""


def _sequential(_random: Random, subject: Subject) -> Iterator[bool]:
    return (subject.race(choose)[0] for choose in repeat(lowest_first))


def _unseen(make: Callable[[Random], Choose]) -> Hunt:
    """Hunt with a strategy that needs no trace to begin with."""

    def hunt(random: Random, subject: Subject) -> Iterator[bool]:
        return (subject.race(make(random))[0] for _ in repeat(None))

    return hunt


def _sampling(make: Callable[[Random, list[Pending]], Choose]) -> Hunt:
    """Hunt with a strategy that is told the sequential trace."""

    def hunt(random: Random, subject: Subject) -> Iterator[bool]:
        failed, sample = subject.race(lowest_first)
        yield failed
        while True:
            yield subject.race(make(random, sample))[0]

    return hunt


def _breadth_first(_random: Random, subject: Subject) -> Iterator[bool]:
    search = BreadthFirst(subject.ids, LIMIT)
    return (subject.race(choose)[0] for choose in search.executions())


def _exhaustive(random: Random, subject: Subject) -> Iterator[bool]:
    for choose in Exhaustive(random).executions():
        try:
            yield subject.race(choose)[0]
        except Redundant:
            yield False


HUNTS: Mapping[str, Hunt] = {
    "sequential": _sequential,
    "random walk": _unseen(RandomWalk),
    "POS": _sampling(PartialOrderSampling),
    "PCT d=2": _sampling(lambda random, sample: ProbabilisticConcurrency(random, 2, sample)),
    "PCT d=3": _sampling(lambda random, sample: ProbabilisticConcurrency(random, 3, sample)),
    "SURW": _sampling(SelectivelyUniform),
    "breadth-first": _breadth_first,
    "DPOR": _exhaustive,
}
SEEDLESS = ("sequential", "breadth-first")


@dataclass(frozen=True, slots=True)
class Found:
    """The executions that each seed needed, infinite where it was given up."""

    executions: tuple[float, ...]

    def at(self, share: float) -> float:
        """Return the number of executions that was enough for this share of the seeds."""
        ordered = sorted(self.executions)
        return ordered[max(0, round(share * len(ordered)) - 1)]

    @property
    def lost(self) -> int:
        """Return how many seeds were given up."""
        return sum(each == inf for each in self.executions)

    def __str__(self) -> str:
        if self.lost == len(self.executions):
            return "not found"
        cells = (self.at(0.5), self.at(0.9), self.at(1))
        text = " / ".join("-" if each == inf else f"{each:.0f}" for each in cells)
        return f"{text} ({self.lost})" if self.lost else text


@dataclass(frozen=True, slots=True)
class Line:
    """What each strategy needed for one race."""

    name: str
    found: tuple[Found, ...]

    def cells(self) -> tuple[str, ...]:
        """Return what the line says, in the order of the headings."""
        return (self.name, *map(str, self.found))


def measure(_full: bool) -> Topic:
    """Hunt every race with every strategy and write the table to ``races.md``."""
    lines = tuple(
        Line(subject.name, tuple(hunted(name, subject) for name in HUNTS)) for subject in subjects()
    )
    topic = Topic("Races", NOTE, lines, ("race", *HUNTS))
    TABLE.write_text("# " + "\n".join(topic.lines()).removeprefix("## "), encoding="utf-8")
    return topic


def hunted(name: str, subject: Subject, seeds: int = SEEDS) -> Found:
    """Hunt ``subject`` with one strategy under so many seeds, once if it knows none."""
    hunt = HUNTS[name]
    numbers = range(1 if name in SEEDLESS else seeds)
    return Found(tuple(_first(hunt(stream("races", name, seed), subject)) for seed in numbers))


def _first(failures: Iterator[bool]) -> float:
    counted = enumerate(islice(failures, LIMIT), start=1)
    return next((number for number, failed in counted if failed), inf)


def subjects() -> Iterator[Subject]:
    """Give the toys, then the mutants that need a schedule.

    Those of Block-STM are left out: their traces are so many that a search ends on its limit.
    """
    for toy in TOYS:
        trace = toy.execute(lowest_first)[1].trace
        ids = tuple(sorted({f"t{step.task}" for step in trace}))
        yield Subject(f"{toy.name} ({toy.deviations})", ids, _toy_race(toy))
    yield from map(_mutant, races_of_one_block())


def races_of_one_block() -> list[Row]:
    """Return the mutants that are hunted: their one block needs an interleaving.

    Those of the optimistic executors take too many steps for a hunt by every strategy.
    """
    races = [row for row in ROWS if row.deviations and "optimistic" not in row.executor]
    return [row for row in races if len(_blocks(row)) == 1]


def _blocks(row: Row) -> list[BlockStep]:
    steps = load(MUTANTS / row.case).case.steps
    return [step for step in steps if isinstance(step, BlockStep)]


def _toy_race(toy: Toy) -> Race:
    def race(choose: Choose) -> tuple[bool, list[Pending]]:
        failed, driver = toy.execute(choose)
        return failed, driver.trace

    return race


def _mutant(row: Row) -> Subject:
    record = load(MUTANTS / row.case)
    lane = open_steered(cast("Setting", record.setting), MemoryStores())

    def race(choose: Choose) -> tuple[bool, list[Pending]]:
        run = lane.run_once(record.case, lambda _ids: choose)
        return run.verdict.is_failure, list(run.blocks[-1].trace) if run.blocks else []

    (block,) = _blocks(row)
    ids = tuple(each.id for each in block.transactions)
    return Subject(f"{row.id} {row.name} ({row.deviations})", ids, race)
