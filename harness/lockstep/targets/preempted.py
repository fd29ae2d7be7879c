"""Tasks that may be preempted at any line: every line of an executor is a step of its own.

Each task has a thread, of which one goes on at a time, up to its next line or announcement; then
the driver chooses again. Invariant: nothing depends on how the system schedules threads, nor on
time, so a run is a function of what was chosen, as it is of announced steps. Lines of lockstep, of
the standard library, and of what carries out announced effects are taken together with the line
that calls them.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Semaphore, Thread
from types import CodeType, FrameType
from typing import Any, TypeVar

from lockstep.targets.locks import Holders, takes_locks
from lockstep_parallel.steps.drivers.protocol import Crash, Driver, Task
from lockstep_parallel.steps.ops import Key, Kind, Operation
from lockstep_parallel.steps.watch import NOTHING, WATCH

T = TypeVar("T")

LINE: Key = ("line",)
"""What all steps share here: of lines, nobody knows what they touch."""
PATIENCE = 1.0
"""Seconds for a thread to end that is given up; one that waits out of sight never does."""
OURS = ("lockstep", "lockstep_ledger", "lockstep_reference", "lockstep_parallel.steps")
"""Packages whose locks nobody can hold while another task goes on."""
ATOMIC = (*OURS, "lockstep_parallel.rules")
"""Packages whose lines are no steps: these, and what announces every touch of its own."""


class Preempting:
    """A driver that offers every line of the tasks to ``driver`` as a step."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def run(self, tasks: Sequence[Task[T]], workers: int) -> list[T | Crash]:
        """Run ``tasks``, at most ``workers`` of them begun and unfinished at any moment."""
        holders = Holders()
        lines = [replace(task, body=_Lines(task.body, holders)) for task in tasks]
        return self._driver.run(lines, workers)


@dataclass(frozen=True, slots=True)
class _Ended:
    """What a thread says last: its task's value, or what it raised."""

    value: Any = None
    error: BaseException | None = None


class _Abandoned(BaseException):
    """Ends a task that nobody goes on with."""


class _Lines(Coroutine[Any, None, T]):
    """A task's body that announces every line, run on a thread of its own."""

    def __init__(self, body: Coroutine[Any, None, T], holders: Holders) -> None:
        self._body = body
        self._holders = holders
        self._go, self._came = Semaphore(0), Semaphore(0)
        self._thread: Thread | None = None
        self._said: Operation | _Ended = _Ended()
        self._announced = NOTHING
        self._is_abandoned = False
        self._entry = self._all_lines.__code__

    def send(self, _value: None) -> Operation:
        """Go on to the next line or announcement, and return it as a step."""
        if self._thread is None:
            self._thread = Thread(target=self._run, daemon=True)
            self._thread.start()
        # While lines are steps, the one being carried out is still the last announced.
        WATCH.operation = self._announced
        self._go.release()
        self._came.acquire()
        match self._said:
            case _Ended(value, None):
                raise StopIteration(value)
            case _Ended(_, error):
                assert error is not None
                raise error
            case operation:
                return operation

    def throw(self, *_error: Any) -> Any:
        """Nobody throws into a task."""
        raise NotImplementedError

    def close(self) -> None:
        """End the thread at the line where it stands."""
        if self._thread is None:
            self._body.close()
        elif self._thread.is_alive():
            self._is_abandoned = True
            self._go.release()
            self._thread.join(PATIENCE)

    def __await__(self) -> Any:
        """Nobody awaits a task."""
        raise NotImplementedError

    # On the thread.

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._say(self._all_lines())
        finally:
            sys.settrace(None)

    def _all_lines(self) -> _Ended:
        sys.settrace(self._called)
        try:
            while True:
                operation: Operation = self._body.send(None)
                self._announced = operation
                self._pause(self._as_step(operation))
        except StopIteration as stop:
            return _Ended(stop.value)
        except BaseException as error:
            return _Ended(error=error)

    def _called(self, frame: FrameType, _event: str, _arg: object) -> Callable[..., Any] | None:
        code = frame.f_code
        if _is_within(frame, self._entry):
            return None
        if _has_lines(code):
            return self._at_lines
        return self._at_locks if takes_locks(code) and not _is_ours(code) else None

    def _at_lines(self, frame: FrameType, event: str, _arg: object) -> Callable[..., Any]:
        if event == "line":
            self._pause(self._line(frame, self._holders.guard_of(frame, self)))
            self._holders.enter(frame, self)
        return self._at_lines

    def _at_locks(self, frame: FrameType, event: str, _arg: object) -> Callable[..., Any]:
        """Wait for locks where lines are no steps: who holds them may be at a line that is one."""
        if event == "line":
            guard = self._holders.guard_of(frame, self)
            if guard is not None and not guard():
                self._pause(self._line(frame, guard))
            self._holders.enter(frame, self)
        return self._at_locks

    def _line(self, frame: FrameType, guard: Callable[[], bool] | None) -> Operation:
        label = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        return Operation(Kind.WRITE, (LINE,), label, guard)

    def _as_step(self, operation: Operation) -> Operation:
        guard = operation.guard
        guard = None if guard is None else self._holders.unhindered(guard, self)
        return operation._replace(keys=(*operation.keys, LINE), guard=guard)

    def _pause(self, said: Operation) -> None:
        self._say(said)
        self._go.acquire()
        if self._is_abandoned:
            raise _Abandoned

    def _say(self, said: Operation | _Ended) -> None:
        self._said = said
        self._came.release()


def _is_within(frame: FrameType, entry: CodeType) -> bool:
    """Tell whether ``frame`` is called from where a lock may be held that no line has shown."""
    caller = frame.f_back
    while caller is not None and caller.f_code is not entry:
        if not _has_lines(caller.f_code) and takes_locks(caller.f_code):
            return True
        caller = caller.f_back
    return False


@cache
def _has_lines(code: CodeType) -> bool:
    """Tell whether the lines of ``code`` are steps: of the executor, not of what it uses."""
    libraries = (sysconfig.get_path("stdlib") + os.sep, sysconfig.get_path("purelib") + os.sep, "<")
    return not code.co_filename.startswith((*libraries, *_folders(ATOMIC)))


@cache
def _is_ours(code: CodeType) -> bool:
    return code.co_filename.startswith(_folders(OURS))


@cache
def _folders(packages: tuple[str, ...]) -> tuple[str, ...]:
    found = [sys.modules[name] for name in packages if name in sys.modules]
    return tuple(folder + os.sep for each in found for folder in each.__path__)
