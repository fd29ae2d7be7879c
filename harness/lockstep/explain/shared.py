"""What two tasks can both reach, and what a step changes of it, announced or not.

Invariant: looking changes nothing and calls nothing of what is looked at: containers are read past
their own methods. What cannot be walked, as the inside of an extension, is not seen.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import Enum
from types import FrameType, FunctionType, MethodType, ModuleType
from typing import Any, TypeAlias

from lockstep.explain.words import location_text
from lockstep.schedules.deviations import place_text
from lockstep_parallel.steps.ops import Key
from lockstep_parallel.steps.tables import Cell
from lockstep_parallel.steps.watch import Watched

MOST = 20_000
"""Objects that are looked at from one task, the nearest first."""

Named: TypeAlias = tuple[object, str]
Contents: TypeAlias = dict[Hashable, object]

_PLAIN = (str, bytes, int, float, bool, type(None), Enum)
_SEQUENCES = (list, set, deque, bytearray)


@dataclass(frozen=True, slots=True)
class Place:
    """Something that can change: what it is called, and the location that announces it, if any.

    ``entry`` is its key, if it stands in a mapping.
    """

    text: str
    location: Key | None = None
    entry: Hashable = None


class SharedPlaces:
    """Everything that can change and that ``left`` and ``right`` both reach, two tasks' bodies."""

    def __init__(self, left: object, right: object) -> None:
        others = {_identity(each) for each, _ in _reachable(right)}
        self._found = [each for each in _reachable(left) if _identity(each[0]) in others]
        self._before = self._contents()

    def changed(self) -> list[Place]:
        """Return what changed since this was last asked, or since the beginning."""
        before, self._before = self._before, self._contents()
        return [
            _place(each, path, name)
            for (each, path), old, new in zip(self._found, before, self._before, strict=True)
            for name in dict.fromkeys((*old, *new))
            if not _same(old.get(name, _ABSENT), new.get(name, _ABSENT))
        ]

    def _contents(self) -> list[Contents]:
        return [_contents_of(each) for each, _ in self._found]


_ABSENT = object()


def _reachable(body: object) -> list[Named]:
    """Return what can change and can be reached from the frames of a task, with a way to it."""
    found: list[Named] = []
    queue = deque(named for frame in _frames(body) for named in _names_of(frame))
    known: set[int] = set()
    while queue and len(known) < MOST:
        each, path = queue.popleft()
        if _identity(each) in known or isinstance(each, (*_PLAIN, ModuleType)):
            continue
        known.add(_identity(each))
        if _can_change(each):
            found.append((each, path))
        queue.extend(_inside(each, path))
    return found


def _frames(body: Any) -> Iterator[FrameType]:
    while body is not None:
        frame = getattr(body, "cr_frame", None) or getattr(body, "gi_frame", None)
        if frame is not None:
            yield frame
        body = getattr(body, "cr_await", None) or getattr(body, "gi_yieldfrom", None)


def _names_of(frame: FrameType) -> Iterator[Named]:
    for name, value in frame.f_locals.items():
        yield value, type(value).__name__ if name == "self" else name
    module = str(frame.f_globals.get("__name__", ""))
    yield _Globals(frame.f_globals), module.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class _Globals:
    """The data among the names of a module that a task is in."""

    names: dict[str, object]


def _identity(each: object) -> int:
    return id(each.names) if isinstance(each, _Globals) else id(each)


def _inside(each: object, path: str) -> Iterator[Named]:
    match each:
        case MethodType():
            yield each.__self__, type(each.__self__).__name__
        case FunctionType():
            closed = inspect.getclosurevars(each).nonlocals
            yield from ((inner, name) for name, inner in closed.items())
        case tuple() | list() | set() | frozenset() | deque():
            for number, inner in enumerate(tuple(each)):
                yield inner, f"{path}[{number}]"
        case _:
            for key, inner in _contents_of(each).items():
                yield inner, _place(each, path, key).text
    if not isinstance(each, type) and type(each).__module__ != "builtins":
        yield type(each), type(each).__name__


def _contents_of(each: object) -> Contents:
    """Return what ``each`` holds, by key or attribute; a sequence holds one thing, all of it."""
    match each:
        case dict():
            return dict(dict.items(each))
        case list():
            return {"": tuple(list.__iter__(each))}
        case set():
            return {"": tuple(set.__iter__(each))}
        case deque():
            return {"": tuple(deque.__iter__(each))}
        case bytearray():
            return {"": bytes(each)}
        case _Globals():
            return {name: held for name, held in each.names.items() if _is_data(held, name)}
        case type():
            names: dict[str, object] = dict(vars(each)) if each.__module__ != "builtins" else {}
            return {name: held for name, held in names.items() if _is_data(held, name)}
        case tuple() | frozenset() | FunctionType() | MethodType():
            return {}
        case _:
            return dict(_attributes(each))


def _attributes(each: object) -> Iterator[tuple[str, object]]:
    names = dict.fromkeys(getattr(each, "__dict__", ()))
    for kind in type(each).__mro__:
        slots = vars(kind).get("__slots__", ())
        names |= dict.fromkeys((slots,) if isinstance(slots, str) else slots)
    for name in names:
        try:
            yield name, object.__getattribute__(each, name)
        except AttributeError:
            continue


def _is_data(held: object, name: str) -> bool:
    return isinstance(held, (*_PLAIN, *_SEQUENCES, dict, tuple)) and not name.startswith("__")


def _can_change(each: object) -> bool:
    if isinstance(each, (dict, *_SEQUENCES)):
        return True
    parameters: Any = getattr(type(each), "__dataclass_params__", None)
    is_frozen = parameters is not None and parameters.frozen and not isinstance(each, _Globals)
    return not is_frozen and bool(_contents_of(each))


def _same(one: object, other: object) -> bool:
    """Tell whether nothing changed: by identity, but for values that have none of their own."""
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        return all(map(_same, one, other))
    return one is other or (isinstance(one, _PLAIN) and type(one) is type(other) and one == other)


def _place(each: object, path: str, name: Hashable) -> Place:
    match each:
        case Watched():
            location = (object.__getattribute__(each, "_name"), name)
            return Place(location_text(location), location, name)
        case Cell() if name == "_value":
            return Place(location_text(each.keys[0]), each.keys[0])
        case dict():
            return Place(f"{path}[{place_text(('', name))}]", None, name)
        case list() | set() | deque() | bytearray():
            return Place(path)
        case _:
            return Place(f"{path}.{name}")
