"""Locks of tasks that are preempted: who would wait for one is not offered until it is free.

A line that takes a lock is recognised by its source: ``with lock:``, ``lock.acquire()``. Invariant:
no thread waits for a lock whose holder is not going on, as long as the lock is taken by such lines.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import CodeType, FrameType
from typing import Any


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a line takes for a lock, by its names; ``leaves`` if the line releases it, too."""

    names: tuple[str, ...]
    leaves: bool


class Holders:
    """Which task holds which lock, as far as lines tell."""

    def __init__(self) -> None:
        self._holders: dict[int, tuple[Any, object]] = {}

    def guard_of(self, frame: FrameType, task: object) -> Callable[[], bool] | None:
        """Return what must hold before ``task`` goes on with the line of ``frame``, if anything."""
        waited = [lock for lock, taken in _locks_of(frame) if not self._may_pass(lock, taken, task)]
        return (lambda: all(map(_is_free, waited))) if waited else None

    def unhindered(self, guard: Callable[[], bool], task: object) -> Callable[[], bool]:
        """Return ``guard``, closed while others hold locks: it may take one of them itself."""

        def is_open() -> bool:
            others = (lock for lock, holder in self._holders.values() if holder is not task)
            return all(map(_is_free, others)) and guard()

        return is_open

    def enter(self, frame: FrameType, task: object) -> None:
        """Note that ``task`` goes on with the line of ``frame``, and so takes its locks."""
        for lock, _ in _locks_of(frame):
            if _is_free(lock):
                self._holders[id(lock)] = lock, task

    def _may_pass(self, lock: Any, taken: _Taken, task: object) -> bool:
        owned = getattr(lock, "_is_owned", None)
        if owned is not None:
            return bool(owned())
        if _is_free(lock):
            return False
        # The line of a ``with`` is met again where it is left: then the task itself is the holder.
        _, holder = self._holders.get(id(lock), (None, None))
        return taken.leaves and holder is task


@cache
def takes_locks(code: CodeType) -> bool:
    """Tell whether some line of ``code`` takes what may be a lock."""
    lines = {line for _, _, line in code.co_lines() if line is not None}
    return not lines.isdisjoint(_lines_of(code.co_filename))


def _is_free(lock: Any) -> bool:
    if not lock.acquire(blocking=False):
        return False
    lock.release()
    return True


def _locks_of(frame: FrameType) -> list[tuple[Any, _Taken]]:
    """Return what the line of ``frame`` takes for locks, and is one."""
    taken = _lines_of(frame.f_code.co_filename).get(frame.f_lineno, ())
    found = [(_value_of(each.names, frame), each) for each in taken]
    return [(lock, each) for lock, each in found if hasattr(lock, "acquire")]


def _value_of(names: tuple[str, ...], frame: FrameType) -> Any:
    """Return what a name, or an attribute of one, stands for in ``frame``; None for nothing."""
    first, *attributes = names
    value = frame.f_locals.get(first, frame.f_globals.get(first))
    for name in attributes:
        value = getattr(value, name, None)
    return value


@cache
def _lines_of(file: str) -> dict[int, list[_Taken]]:
    """Return by line what a source file takes for a lock there."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return {}
    found: dict[int, list[_Taken]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.With(items=items):
                taken = [(each.context_expr, True) for each in items]
            case ast.Call(func=ast.Attribute(value=value, attr="acquire")):
                taken = [(value, False)]
            case _:
                continue
        for expression, leaves in taken:
            names = _names_of(expression)
            if names:
                found.setdefault(node.lineno, []).append(_Taken(names, leaves))
    return found


def _names_of(node: ast.expr) -> tuple[str, ...]:
    """Return the parts of a name, or of an attribute of one; none for anything else."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=value, attr=name):
            before = _names_of(value)
            return (*before, name) if before else ()
        case _:
            return ()
