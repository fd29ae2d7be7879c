"""What is audited: a faulty executor or store, what is known about its fault, its correct twin.

The catalogue is found by name, like any executor: the harness imports no planted fault. A class of
no catalogue says what is known about it by its attributes: ``known = (2, 1)`` is the size of the
smallest case, transactions and deviations; ``masked = "why"`` the reason why none can show it.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, cast

from lockstep.case.file import Setting
from lockstep.faults import UsageError
from lockstep.loading import imported
from lockstep.run.under_test import RIGHT_STORAGE
from lockstep.targets.named import BUILT_IN, find_inside
from lockstep.targets.trust import CATALOGUE

TWINS = "lockstep_parallel."
"""The package of the executors that are held to be correct."""


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """How large a failure is: its transactions, then the deviations of its schedule."""

    transactions: int
    deviations: int

    def __str__(self) -> str:
        return f"{self.transactions}+{self.deviations}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A faulty executor, called ``executor``, or the faulty ``storage`` that it is run over.

    ``known`` is the size of the smallest case that shows the fault, None if nobody knows;
    ``masked`` the reason why nothing can show it; ``twin`` the executor without the fault, None if
    there is none among ours. That of a storage runs over one of ours.
    """

    id: str
    name: str
    executor: str
    known: Size | None
    masked: str
    twin: str | None
    storage: str = field(default="", repr=False)

    @property
    def setting(self) -> Setting:
        """What campaigns are run against."""
        return Setting(self.executor, storage=self.storage)

    @property
    def without_fault(self) -> Setting | None:
        """The same without the fault, None if nobody has that."""
        if self.twin is None:
            return None
        return Setting(self.twin, storage=RIGHT_STORAGE if self.storage else "")


class Entry(Protocol):
    """What is read of any entry of the catalogue."""

    @property
    def id(self) -> str:
        """Its short name."""
        ...

    @property
    def name(self) -> str:
        """The fault in words."""
        ...

    @property
    def executor(self) -> str:
        """The executor, by its name."""
        ...


class Row(Entry, Protocol):
    """What is read of an entry whose fault a case shows."""

    @property
    def storage(self) -> str:
        """The faulty store, ``module:Class``, empty if the executor is faulty."""
        ...

    @property
    def transactions(self) -> int:
        """Count the transactions of the smallest case."""
        ...

    @property
    def deviations(self) -> int:
        """Count the deviations of its schedule."""
        ...


class MaskedRow(Entry, Protocol):
    """What is read of an entry whose fault nothing can show."""

    @property
    def reason(self) -> str:
        """Why nothing can show it."""
        ...


def catalogue() -> tuple[Sequence[Row], Sequence[MaskedRow]]:
    """Return the rows of the catalogue, and the masked ones. Raises ``UsageError`` without it."""
    try:
        module = importlib.import_module(CATALOGUE)
    except ImportError as error:
        raise UsageError(f"the catalogue {CATALOGUE} cannot be loaded: {error}") from error
    return cast("Sequence[Row]", module.ROWS), cast("Sequence[MaskedRow]", module.MASKED)


def catalogued() -> tuple[Subject, ...]:
    """Return a subject for every row of the catalogue, in its order, the masked ones last."""
    rows, masked = catalogue()
    return (*map(_of_row, rows), *map(_of_masked, masked))


def subjects_of(executors: Sequence[str]) -> tuple[Subject, ...]:
    """Return a subject for each executor: its row's if the catalogue has one.

    Raises ``UsageError`` if there is no such executor, or if what it says of itself makes no sense.
    """
    known = {each.executor: each for each in catalogued() if not each.storage}
    return tuple(known.get(name) or _uncatalogued(name) for name in dict.fromkeys(executors))


def subjects_over(storage: str, executors: Sequence[str]) -> tuple[Subject, ...]:
    """Return a subject for a faulty store below each executor.

    Raises ``UsageError`` if there is no such store, or if what it says of itself makes no sense.
    """
    known = {each.storage: each for each in catalogued() if each.storage}
    found = known.get(storage) or _uncatalogued_store(storage)
    return tuple(replace(found, executor=name, twin=name) for name in dict.fromkeys(executors))


def twin_of(executor: str) -> str | None:
    """Return the name of the nearest base class among the executors held to be correct."""
    factory = find_inside(executor).factory
    bases = inspect.getmro(factory)[1:] if inspect.isclass(factory) else ()
    for base in bases:
        if base.__module__.startswith(TWINS) and not inspect.isabstract(base):
            built_in = (name for name, each in BUILT_IN.items() if each is base)
            return next(built_in, f"{base.__module__}:{base.__qualname__}")
    return None


def _of_row(row: Row) -> Subject:
    known = Size(row.transactions, row.deviations)
    twin = row.executor if row.storage else twin_of(row.executor)
    return Subject(row.id, row.name, row.executor, known, "", twin, row.storage)


def _of_masked(row: MaskedRow) -> Subject:
    return Subject(row.id, row.name, row.executor, None, row.reason, twin_of(row.executor))


def _uncatalogued(executor: str) -> Subject:
    said = _said(executor, find_inside(executor).factory)
    return replace(said, executor=executor, twin=twin_of(executor))


def _uncatalogued_store(storage: str) -> Subject:
    return replace(_said(storage, imported(storage, "storage")), storage=storage)


def _said(name: str, factory: object) -> Subject:
    """Return what a class of no catalogue says of its fault."""
    masked: object = getattr(factory, "masked", "")
    if not isinstance(masked, str):
        raise UsageError(f"{name}: masked is a text that says why, not {masked!r}")
    short = name.rpartition(":")[2]
    known = _size_of(name, getattr(factory, "known", None))
    return Subject(short, short, "", known, masked, None)


def _size_of(name: str, known: object) -> Size | None:
    match known:
        case None:
            return None
        case (int(transactions), int(deviations)) if min(transactions, deviations) >= 0:
            return Size(transactions, deviations)
        case _:
            raise UsageError(
                f"{name}: known is (transactions, deviations) of the smallest case, not {known!r}"
            )
