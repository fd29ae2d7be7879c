"""The catalogue is complete, every smallest case is what it says, and what is masked is hidden."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import lockstep_mutants
from lockstep.case.file import Setting, from_bytes, to_bytes
from lockstep.explore.explore import explore
from lockstep.explore.moves import SELECTIONS
from lockstep.explore.scope import Scope
from lockstep.explore.sums import Conclusion, Sums
from lockstep.explore.worker import Survey
from lockstep.findings.replay import replay
from lockstep.run.stores import MemoryStores, Stores, open_stores
from lockstep.verdict import Verdict
from lockstep_ledger.model import Policy
from lockstep_mutants.catalogue import MASKED, ROWS, Masked, Row
from lockstep_parallel.executors.block_executor import BlockExecutor
from tests.mutants.cases import FOLDER, payment, run_on, smallest_case

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)

HARMLESS = {
    "T02a": payment(0),
    "T09-transfers": payment(0),
    "T27": payment(1, chain_id=0),
    "T08": payment(1, chain_id=0),
    "T14a": replace(payment(1), steps=()),
}
"""Where a plain payment would show the fault: a case beside it that does not."""


def executors() -> Iterator[type[BlockExecutor]]:
    for module in pkgutil.iter_modules(lockstep_mutants.__path__, "lockstep_mutants."):
        for _, each in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(each, BlockExecutor) and each.__module__ == module.name:
                yield each


def planted() -> Iterator[tuple[str, type[BlockExecutor]]]:
    """Give the executors with a fault: those that no other one's fault is planted in."""
    bases = {each.__mro__[1] for each in executors()}
    for each in executors():
        if each not in bases:
            yield f"{each.__module__}:{each.__name__}", each


def twin(row: Row) -> Setting:
    """Return the setting of the executor that the fault is planted in."""
    base = dict(planted())[row.executor].__mro__[1]
    return Setting(f"{base.__module__}:{base.__qualname__}")


def test_the_catalogue_lists_every_mutant_once_and_nothing_else() -> None:
    entries = (*ROWS, *MASKED)
    assert sorted(each.executor for each in entries) == sorted(name for name, _ in planted())
    assert len({each.id for each in entries}) == len({each.name for each in entries})
    assert len({each.id for each in entries}) == len(entries)


def test_a_row_is_called_like_its_executor_which_names_the_row() -> None:
    executors = dict(planted())
    for row in (*ROWS, *MASKED):
        executor = executors[row.executor]
        assert executor.name == row.name
        assert (executor.__doc__ or "").startswith(row.id.replace("-", ", ") + ": ")


def methods(owner: type) -> set[str]:
    """Return the methods that ``owner`` defines, but for laying out what it remembers."""
    return {name for name, each in vars(owner).items() if inspect.isfunction(each)} - {"__init__"}


def test_a_mutant_overrides_one_method_of_one_class() -> None:
    for name, executor in planted():
        exchanged = [each for each in dir(executor) if each.endswith("_class")]
        parts = {executor, *(getattr(executor, each) for each in exchanged)}
        changed = [part for part in parts if part.__module__ == executor.__module__]
        overridden = [method for part in changed for method in methods(part)]
        assert len(overridden) == 1, name


def test_every_smallest_case_belongs_to_a_row() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {row.case for row in ROWS}


@each_row
def test_the_smallest_case_is_canonical_and_as_small_as_the_row_says(row: Row) -> None:
    data = (FOLDER / row.case).read_bytes()
    record = from_bytes(data)
    assert to_bytes(record) == data
    assert record.setting == Setting(row.executor, workers=4, driver="scheduled")
    assert record.case.transactions() == row.transactions
    assert len(record.schedule) == row.deviations


@pytest.fixture(scope="module")
def database_stores() -> Iterator[Stores]:
    with open_stores("rocksdb") as stores:
        yield stores


@each_row
def test_the_smallest_case_shows_the_fault_on_a_database_as_well(
    row: Row, database_stores: Stores
) -> None:
    assert replay(smallest_case(row), database_stores).run.verdict.is_failure


@each_row
def test_the_smallest_case_shows_the_fault(row: Row) -> None:
    record = smallest_case(row)
    replayed = replay(record, MemoryStores())
    assert replayed.drift == ()
    assert replayed.run.verdict.is_failure
    assert replayed.run.verdict.value == record.verdict


@each_row
def test_the_smallest_case_agrees_in_sequential_order_if_it_needs_a_schedule(row: Row) -> None:
    run = run_on(row.executor, smallest_case(row).case)
    assert run.verdict.is_failure == (row.deviations == 0)


@each_row
def test_every_deviation_of_the_smallest_case_is_met(row: Row) -> None:
    assert replay(smallest_case(row), MemoryStores(), strict=True).unmet == ()


@each_row
def test_the_executor_without_the_fault_agrees_on_the_smallest_case(row: Row) -> None:
    replayed = replay(smallest_case(row), MemoryStores(), twin(row), strict=True)
    assert replayed.drift == ()
    assert replayed.run.verdict is Verdict.AGREE


@each_row
def test_a_mutant_agrees_where_its_fault_is_out_of_reach(row: Row) -> None:
    case = HARMLESS.get(row.id, payment(1))
    assert run_on(row.executor, case).verdict is Verdict.AGREE


@pytest.mark.parametrize("masked", MASKED, ids=lambda masked: masked.id)
def test_a_masked_fault_differs_in_no_trace_of_a_small_scope(
    masked: Masked, tmp_path: Path
) -> None:
    scope = Scope(2, 3, SELECTIONS["all"], (Policy.SKIP, Policy.ATOMIC))
    plan = Survey(scope, Setting(masked.executor))
    explored = explore(plan, 1, Sums(), tmp_path, lambda _: None, lambda *_: None, lambda _: None)
    assert explored.conclusion is Conclusion.EXHAUSTED, explored.findings
