"""What a case makes executors do: the facts of its runs, and of a folder of cases.

Invariant: the facts of a case depend on the case and the executors alone: one run in sequential
order and one random walk, seeded by nothing else, under each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lockstep.case.file import Record, Setting, load
from lockstep.case.values import Case
from lockstep.corpus.behaviours import Fact, facts_of
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.streams import stream
from lockstep.targets.named import open_steered
from lockstep.targets.steered import SteeredLane

EXECUTORS = ("batched", "dag-credits", "optimistic-rounds")
"""One of each family, where the user names none."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A case and its facts; ``agrees`` is False if a run of it ended in any other way."""

    case: Case
    facts: frozenset[Fact]
    agrees: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A case of a corpus: its file, what is in it, what it does."""

    path: Path
    record: Record
    observed: Observed


class Observer:
    """Runs cases on some executors; made by ``observing``."""

    def __init__(self, lanes: Sequence[SteeredLane]) -> None:
        self._lanes = lanes

    def observe(self, case: Case) -> Observed:
        """Run ``case`` and return what it did."""
        facts: set[Fact] = set()
        agrees = True
        for run in self._runs(case):
            facts |= facts_of(case, run)
            agrees = agrees and not run.verdict.is_failure
        return Observed(case, frozenset(facts), agrees)

    def read(self, paths: Sequence[Path]) -> list[Member]:
        """Return the cases in ``paths`` in the order of their names, observed.

        Raises ``CaseFileError`` for a file that is no case.
        """
        records = [(path, load(path)) for path in paths]
        return [Member(path, record, self.observe(record.case)) for path, record in records]

    def _runs(self, case: Case) -> Iterator[Run]:
        for lane in self._lanes:
            yield lane.run_sequential(case)
            yield lane.run_random(case, stream("corpus", "walk"))


@contextmanager
def observing(executors: Sequence[str]) -> Iterator[Observer]:
    """Open an observer on these executors, in memory."""
    with ExitStack() as stack:
        stores = MemoryStores()
        yield Observer(
            [stack.enter_context(open_steered(Setting(name), stores)) for name in executors]
        )
