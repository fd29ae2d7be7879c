"""Executors with two planted faults: ``benchmarks.kinds.paired:T02a+T21`` has both.

A pair exists where both are variants of the same executor, and no method of one hides a method of
the other.
"""

from __future__ import annotations

from itertools import combinations

from lockstep.targets.named import find_inside
from lockstep_mutants.catalogue import ROWS

_LEFT_OUT = frozenset(
    {"name", "__doc__", "__module__", "__abstractmethods__", "_abc_impl", "__annotations__"}
)


class NoPairError(Exception):
    """Two faults that cannot be planted in one executor."""


def pairs() -> list[str]:
    """Return the names of all pairs there are, in the order of the catalogue."""
    return [
        f"{one.id}+{other.id}" for one, other in combinations(ROWS, 2) if _is_pair(one.id, other.id)
    ]


def executor_of(pair: str) -> str:
    """Return the name by which the executor of ``pair`` is found."""
    return f"{__name__}:{pair}"


def ids_of(pair: str) -> tuple[str, str]:
    """Return the two faults of ``pair``."""
    one, _, other = pair.partition("+")
    return one, other


def __getattr__(name: str) -> type:
    one, other = ids_of(name)
    try:
        return _both(_planted(one), _planted(other))
    except (NoPairError, StopIteration) as error:
        raise AttributeError(name) from error


def _is_pair(one: str, other: str) -> bool:
    try:
        _both(_planted(one), _planted(other))
    except NoPairError:
        return False
    return True


def _planted(fault: str) -> type:
    executor = next(row.executor for row in ROWS if row.id == fault)
    factory = find_inside(executor).factory
    assert isinstance(factory, type)
    return factory


def _both(one: type, other: type) -> type:
    """Return a class that is both, their own parts put together in the same way."""
    if one.__bases__ != other.__bases__:
        raise NoPairError
    own, others = ({*vars(each)} - _LEFT_OUT for each in (one, other))
    parts = {name: _together(one, other, name) for name in sorted(own & others)}
    return type(f"{one.__name__}{other.__name__}", (one, other), parts)


def _together(one: type, other: type, name: str) -> type:
    left, right = getattr(one, name), getattr(other, name)
    if not (isinstance(left, type) and isinstance(right, type)):
        raise NoPairError
    return _both(left, right)
