"""What is audited: a faulty executor, what is known about its fault, and its correct twin.

The catalogue is found by name, like any executor: the harness imports no planted fault. An executor
of no catalogue says what is known about it by class attributes: ``known = (2, 1)`` is the size of
the smallest case, transactions and deviations; ``masked = "why"`` the reason why none can show it.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from lockstep.faults import UsageError
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
    """A faulty executor, called ``executor``.

    ``known`` is the size of the smallest case that shows the fault, None if nobody knows;
    ``masked`` the reason why nothing can show it; ``twin`` the executor without the fault, None if
    there is none among ours.
    """

    id: str
    name: str
    executor: str
    known: Size | None
    masked: str
    twin: str | None


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
        """The faulty executor, ``module:Class``."""
        ...


class Row(Entry, Protocol):
    """What is read of an entry whose fault a case shows."""

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
    known = {subject.executor: subject for subject in catalogued()}
    return tuple(known.get(name) or _uncatalogued(name) for name in dict.fromkeys(executors))


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
    return Subject(row.id, row.name, row.executor, known, "", twin_of(row.executor))


def _of_masked(row: MaskedRow) -> Subject:
    return Subject(row.id, row.name, row.executor, None, row.reason, twin_of(row.executor))


def _uncatalogued(executor: str) -> Subject:
    name = executor.rpartition(":")[2]
    factory = find_inside(executor).factory
    masked: object = getattr(factory, "masked", "")
    if not isinstance(masked, str):
        raise UsageError(f"{executor}: masked is a text that says why, not {masked!r}")
    known = _size_of(executor, getattr(factory, "known", None))
    return Subject(name, name, executor, known, masked, twin_of(executor))


def _size_of(executor: str, known: object) -> Size | None:
    match known:
        case None:
            return None
        case (int(transactions), int(deviations)) if min(transactions, deviations) >= 0:
            return Size(transactions, deviations)
        case _:
            raise UsageError(
                f"{executor}: known is (transactions, deviations) of the smallest case, "
                f"not {known!r}"
            )
