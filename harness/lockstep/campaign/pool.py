"""The processes that tasks are done on.

Invariant: a process that dies costs the task it was at, which is handed back, and nothing else.
However the work ends, no process is left: they are killed when they are not needed any more, and by
the system when this one is gone.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, Generic

from lockstep.campaign.work import Opening, Supervisor, T, Task, result_of
from lockstep.faults import HarnessFault, UsageError
from lockstep.foreign.text import named_error
from lockstep.lifeline import TiedProcess
from lockstep.run.temporary import temporary_directory
from lockstep.run.watchdog import watching
from lockstep.undisturbed import undisturbed

AHEAD = 2
"""Tasks that a process has at hand, so that it does not wait for the parent. Twice as many may be
begun or done before their turn: a slow one holds up the results, not the other processes."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that reach a whole group: the parent answers them, a process is ended by its parent."""
LAST_SECONDS, LOOK_SECONDS = 1.0, 0.01
"""How long a process may take to end that has said its last word, and how often that is seen."""
DIED_AT_ONCE = 3
"""Processes that may die before they have done anything until the work is given up."""


@dataclass(slots=True)
class _Process(Generic[T]):
    """One process, the parent's end of the pipe to it, and the tasks it was given, in order."""

    process: TiedProcess
    pipe: Connection
    number: int
    tasks: deque[tuple[int, Task]] = field(default_factory=deque)
    is_open: bool = False


class Pool(Generic[T]):
    """The processes; ``_done`` holds results that came before those of earlier tasks.

    Whenever it waits, a process has a task: handing out comes after all results that can be given.
    """

    def __init__(self, opening: Opening[T], jobs: int, supervisor: Supervisor) -> None:
        self._opening = opening
        self._jobs = jobs
        self._window = 2 * AHEAD * jobs
        self._supervisor = supervisor
        self._processes: list[_Process[T]] = []
        self._again: deque[tuple[int, Task]] = deque()
        self._done: dict[int, T] = {}
        self._begun = 0
        self._lost = 0
        self._folder = ExitStack()
        self._temporary: Path | None = None

    def open(self) -> None:
        """Make the directory for what processes make that are killed before they can remove it."""
        with suppress(HarnessFault):  # not all of them make something
            self._temporary = self._folder.enter_context(temporary_directory())

    def results(self, tasks: Iterator[Task]) -> Iterator[T]:
        """Yield the results in order."""
        for number in range(self._jobs):
            with undisturbed():
                self._processes.append(self._started(number))
        next_one, tasks_left = 0, True
        while True:
            while next_one in self._done:
                yield self._done.pop(next_one)
                next_one += 1
            self._hand_out_again()
            while tasks_left and self._begun - next_one < self._window and not self._is_full():
                tasks_left = self._hand_out(tasks)
            if not tasks_left and next_one == self._begun:
                return
            self.listen()
            self._supervisor.attend()

    def close(self) -> None:
        """Kill the processes, wait until they are gone, and hear what they still said."""
        with undisturbed():
            for each in self._processes:
                each.process.kill()
            for each in self._processes:
                each.process.join()
                for kind, value in _last_words(each.pipe):
                    if kind == "note":
                        self._supervisor.note(value)
                each.pipe.close()
            self._processes = []
            self._folder.close()

    def _hand_out(self, tasks: Iterator[Task]) -> bool:
        """Give the next task to the process that has the fewest; False if there is none left."""
        task = next(tasks, None)
        if task is None:
            return False
        self._give(self._begun, task)
        self._begun += 1
        return True

    def _hand_out_again(self) -> None:
        while self._again and not self._is_full():
            self._give(*self._again.popleft())

    def _is_full(self) -> bool:
        return all(len(each.tasks) >= AHEAD for each in self._processes)

    def _give(self, number: int, task: Task) -> None:
        least = min(self._processes, key=lambda each: len(each.tasks))
        least.tasks.append((number, task))
        with suppress(OSError):  # that it is gone is seen when it is listened to
            least.pipe.send(task)

    def listen(self, seconds: float | None = None) -> None:
        """Take what processes say, once one of them does or so many ``seconds`` are over."""
        heard = set(map(id, wait([each.pipe for each in self._processes], seconds)))
        for process in [each for each in self._processes if id(each.pipe) in heard]:
            with undisturbed():
                try:
                    kind, value = process.pipe.recv()
                except (EOFError, OSError):
                    self._replace(process)
                    continue
                self._heard(process, kind, value)

    def _heard(self, process: _Process[T], kind: str, value: Any) -> None:
        match kind:
            case "open":
                process.is_open, self._lost = True, 0
            case "note":
                self._supervisor.note(value)
            case "result":
                number, _ = process.tasks.popleft()
                self._done[number] = value
            case "usage":
                raise UsageError(value)
            case _:
                raise HarnessFault(value)

    def _replace(self, process: _Process[T]) -> None:
        """Start another process in place of a dead one, which leaves its tasks to be done again."""
        until = time.monotonic() + LAST_SECONDS
        while process.process.exitcode is None and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        process.process.kill()  # it has closed its pipe and goes on
        process.process.join()
        process.pipe.close()
        how = how_it_ended(process.process.exitcode or 0)
        self._lost += not process.is_open
        if self._lost >= DIED_AT_ONCE:
            raise HarnessFault(f"worker processes do not start: {how}")
        if process.tasks:
            number, task = process.tasks.popleft()
            if process.is_open:
                task = self._supervisor.died(task, how)
            self._again.append((number, task))
        self._again.extend(process.tasks)
        position = self._processes.index(process)
        self._processes[position] = self._started(process.number)

    def _started(self, number: int) -> _Process[T]:
        ours, theirs = Pipe()
        process = TiedProcess(
            target=_serve, args=(theirs, self._opening, number, self._temporary), daemon=True
        )
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return _Process(process, ours, number)


def how_it_ended(code: int) -> str:
    """Say how a process came to its end; a negative ``code`` is that of a signal."""
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it ended with exit code {code}"


def _last_words(pipe: Connection) -> Iterator[tuple[str, Any]]:
    """Yield what a process that is gone had sent."""
    with suppress(EOFError, OSError):
        while pipe.poll():
            yield pipe.recv()


def _serve(pipe: Connection, opening: Opening[Any], number: int, temporary: Path | None) -> None:
    """Do the tasks that come through ``pipe``, until it is closed."""
    if temporary is not None:
        tempfile.tempdir = str(temporary)
    for each in ENDING:
        # Not ignored, which a program that is started from here would inherit.
        signal.signal(each, lambda _number, _frame: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    try:
        worker = opening(number)
        pipe.send(("open", None))
        try:
            with watching():
                while True:
                    doing = worker.do(*pipe.recv())
                    pipe.send(("result", result_of(doing, partial(_note, pipe))))
        finally:
            worker.close()
    except (EOFError, BrokenPipeError):
        return
    except UsageError as error:
        pipe.send(("usage", str(error)))
    except HarnessFault as error:
        pipe.send(("fault", str(error)))
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"internal error: {named_error(error)} ({where.name}:{where.lineno})"
        try:
            pipe.send(("fault", text))
        except OSError:
            # The pipe was closed from inside: nothing can be said, nor closed once more.
            os._exit(1)


def _note(pipe: Connection, note: Any) -> None:
    pipe.send(("note", note))
