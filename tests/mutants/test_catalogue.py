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
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_mutants.catalogue import MASKED, ROWS, Masked, Row
from lockstep_parallel.executors.block_executor import BlockExecutor
from tests.mutants.cases import FOLDER, payment, run_on, setting_of, smallest_case

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)

HARMLESS = {
    "T02a": payment(0),
    "T09-transfers": payment(0),
    "T27": payment(1, chain_id=0),
    "T08": payment(1, chain_id=0),
    "T14a": replace(payment(1), steps=()),
}
"""Where a plain payment would show the fault: a case beside it that does not."""


def classes() -> Iterator[type]:
    """Give the executors and the stores of the package."""
    for module in pkgutil.iter_modules(lockstep_mutants.__path__, "lockstep_mutants."):
        for _, each in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(each, BlockExecutor | MemoryStorage) and each.__module__ == module.name:
                yield each


def planted() -> Iterator[tuple[str, type]]:
    """Give those with a fault: the classes that no other one's fault is planted in."""
    bases = {each.__mro__[1] for each in classes()}
    for each in classes():
        if each not in bases:
            yield f"{each.__module__}:{each.__name__}", each


def faulty(row: Row | Masked) -> str:
    """Return the name of the class that the fault of ``row`` is in."""
    return row.storage or row.executor if isinstance(row, Row) else row.executor


def twin(row: Row) -> Setting:
    """Return the setting with the class that the fault is planted in."""
    base = dict(planted())[faulty(row)].__mro__[1]
    name = f"{base.__module__}:{base.__qualname__}"
    return Setting(row.executor, storage=name) if row.storage else Setting(name)


def test_the_catalogue_lists_every_mutant_once_and_nothing_else() -> None:
    entries: tuple[Row | Masked, ...] = (*ROWS, *MASKED)
    assert sorted(faulty(each) for each in entries) == sorted(name for name, _ in planted())
    assert len({each.id for each in entries}) == len({each.name for each in entries})
    assert len({each.id for each in entries}) == len(entries)


def test_a_row_is_called_like_its_class_which_names_the_row() -> None:
    found = dict(planted())
    for row in (*ROWS, *MASKED):
        each = found[faulty(row)]
        assert vars(each)["name"] == row.name
        assert (each.__doc__ or "").startswith(row.id.replace("-", ", ") + ": ")


def methods(owner: type) -> set[str]:
    """Return the methods that ``owner`` defines, but for laying out what it remembers."""
    return {name for name, each in vars(owner).items() if inspect.isfunction(each)} - {"__init__"}


def test_a_mutant_overrides_one_method_of_one_class() -> None:
    for name, mutant in planted():
        exchanged = [each for each in dir(mutant) if each.endswith("_class")]
        parts = {mutant, *(getattr(mutant, each) for each in exchanged)}
        changed = [part for part in parts if part.__module__ == mutant.__module__]
        overridden = [method for part in changed for method in methods(part)]
        assert len(overridden) == 1, name


def test_every_smallest_case_belongs_to_a_row() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {row.case for row in ROWS}


@each_row
def test_the_smallest_case_is_canonical_and_as_small_as_the_row_says(row: Row) -> None:
    data = (FOLDER / row.case).read_bytes()
    record = from_bytes(data)
    assert to_bytes(record) == data
    assert record.setting == replace(setting_of(row), workers=4, driver="scheduled")
    assert record.case.transactions() == row.transactions
    assert len(record.schedule) == row.deviations


@pytest.fixture(scope="module")
def database_stores() -> Iterator[Stores]:
    with open_stores("rocksdb") as stores:
        yield stores


@pytest.mark.parametrize("row", [row for row in ROWS if not row.storage], ids=lambda row: row.id)
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
    run = run_on(setting_of(row), smallest_case(row).case)
    assert run.verdict.is_failure == (row.deviations == 0)


@each_row
def test_every_deviation_of_the_smallest_case_is_met(row: Row) -> None:
    assert replay(smallest_case(row), MemoryStores(), strict=True).unmet == ()


@each_row
def test_what_has_not_the_fault_agrees_on_the_smallest_case(row: Row) -> None:
    replayed = replay(smallest_case(row), MemoryStores(), twin(row), strict=True)
    assert replayed.drift == ()
    assert replayed.run.verdict is Verdict.AGREE


@each_row
def test_a_mutant_agrees_where_its_fault_is_out_of_reach(row: Row) -> None:
    case = HARMLESS.get(row.id, payment(1))
    assert run_on(setting_of(row), case).verdict is Verdict.AGREE


@pytest.mark.parametrize("masked", MASKED, ids=lambda masked: masked.id)
def test_a_masked_fault_differs_in_no_trace_of_a_small_scope(
    masked: Masked, tmp_path: Path
) -> None:
    scope = Scope(2, 3, SELECTIONS["all"], (Policy.SKIP, Policy.ATOMIC))
    plan = Survey(scope, Setting(masked.executor))
    explored = explore(plan, 1, Sums(), tmp_path, lambda _: None, lambda *_: None, lambda _: None)
    assert explored.conclusion is Conclusion.EXHAUSTED, explored.findings
