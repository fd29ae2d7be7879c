"""Every race of the catalogue whose touches nobody announces is told ``unannounced`` by explore.

Of executors whose tasks are the transactions, the outcome tells, and the correct twin agrees though
it announces nothing either. Speculative executors are told as well; but what their steps are
depends on what other steps did, unannounced, and so is their twin. A race of two blocks is out of
every scope.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from lockstep.campaign.work import result_of
from lockstep.case.file import Setting, load
from lockstep.case.values import BlockStep, Case
from lockstep.explore.moves import SELECTIONS, Kind
from lockstep.explore.scope import Candidate, Scope
from lockstep.explore.sums import Result
from lockstep.explore.worker import Survey, Worker
from lockstep_ledger.model import Policy
from lockstep_mutants.catalogue import ROWS, Row
from tests.quality.unannounced_races import TWIN, variant_name
from tests.repository import REPOSITORY

MODULE = "tests.quality.unannounced_races"
SMALL = Scope(2)
SCOPES = {
    "X12a": SMALL,
    "X12b": Scope(2, 4, (Kind.SPLIT, Kind.TRANSFER)),
    "X12a-dag": SMALL,
    "X12c": SMALL,
    "X28": Scope(2, 2, (Kind.BURN,)),
    "X28-credit": SMALL,
    "X30": Scope(2, 4, SELECTIONS["transfers"], (Policy.ATOMIC,)),
}
SPECULATIVE = ("X01", "X03", "X05", "X07", "X08", "X09", "X10", "X16", "X18", "X19")
ACROSS_BLOCKS = ("X14",)
STEPS_DEPEND = ("X30",)
"""A twin of these looks at a flag before every step, and stops where it is set."""

RACES = {row.id: row for row in ROWS if row.deviations}


def results(scope: Scope, variant: str, workers: int = 4) -> list[Result]:
    with closing(Worker(Survey(scope, Setting(f"{MODULE}:{variant}", workers)))) as worker:
        return result_of(worker.do(0, scope.count()))


def test_every_race_is_tried_or_out_of_every_scope() -> None:
    assert {*SCOPES, *SPECULATIVE, *ACROSS_BLOCKS} == set(RACES)


@pytest.mark.parametrize("name", SCOPES)
def test_a_race_that_no_step_announces_is_unannounced_by_its_outcome(name: str) -> None:
    found = results(SCOPES[name], variant_name(RACES[name]))
    assert {each.end for each in found} == {"agree", "unannounced"}
    assert all(each.traces == 1 for each in found if each.end == "unannounced")
    first = next(each.failure for each in found if each.failure is not None)
    order, *outcome = first.run.differences
    assert order.field == "order of steps"
    assert name in STEPS_DEPEND or outcome


@pytest.mark.parametrize("name", sorted(set(SCOPES) - set(STEPS_DEPEND)))
def test_its_correct_twin_agrees_in_every_order_though_it_announces_nothing(name: str) -> None:
    found = results(SCOPES[name], variant_name(RACES[name]) + TWIN)
    assert {each.end for each in found} == {"agree"}
    assert sum(each.orders for each in found) > 0


class OneBlock(Scope):
    """The scope whose only block is that of a row's smallest case, as it stands there."""

    row: Row

    @classmethod
    def of(cls, row: Row) -> OneBlock:
        scope = cls()
        object.__setattr__(scope, "row", row)
        return scope

    def blocks(self) -> Iterator[Candidate]:
        yield (), Policy.SKIP

    def case(self, candidate: Candidate) -> Case:
        return load(REPOSITORY / "corpora" / "mutants" / self.row.case).case


@pytest.mark.parametrize("name", SPECULATIVE)
def test_a_speculative_race_that_no_step_announces_is_unannounced(name: str) -> None:
    (found,) = results(OneBlock.of(RACES[name]), variant_name(RACES[name]))
    assert found.end == "unannounced"


@pytest.mark.parametrize("name", sorted(set(RACES) - set(ACROSS_BLOCKS)))
def test_the_same_race_announced_is_none_of_that(name: str) -> None:
    """What is told is the missing announcement: the row itself is told by what goes wrong."""
    case = OneBlock.of(RACES[name]).case(((), Policy.SKIP))
    assert sum(isinstance(step, BlockStep) for step in case.steps) == 1
    with closing(
        Worker(Survey(OneBlock.of(RACES[name]), Setting(RACES[name].executor), 3000))
    ) as worker:
        (found,) = result_of(worker.do(0, 1))
    assert found.end not in ("agree", "unannounced")
