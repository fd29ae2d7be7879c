"""Work in order, here or on several processes.

Invariant: results come in the order of the tasks, whatever the number of processes; notes come at
once. A process that dies costs the task it was at, which is handed back, and nothing else. However
the work ends, no process is left: they are killed when they are not needed any more, and by the
system when this one is gone.
"""

from __future__ import annotations

import signal
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar

from lockstep.faults import HarnessFault, UsageError
from lockstep.foreign.text import named_error
from lockstep.lifeline import TiedProcess
from lockstep.run.temporary import temporary_directory
from lockstep.run.watchdog import watching
from lockstep.undisturbed import undisturbed

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Task: TypeAlias = tuple[Any, ...]

AHEAD = 2
"""Tasks that a process has at hand, so that it does not wait for the parent."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that reach a whole group: the parent answers them, a process is ended by its parent."""
LAST_SECONDS, LOOK_SECONDS = 1.0, 0.01
"""How long a process may take to end that has said its last word, and how often that is seen."""
DIED_AT_ONCE = 3
"""Processes that may die before they have done anything until the work is given up."""


class Worker(Protocol[T_co]):
    """What does the tasks in one process, and holds what all of them need."""

    def do(self, *task: Any) -> Generator[Any, None, T_co]:
        """Do one task: yield notes, which are for the parent to see at once; return the result."""
        ...

    def close(self) -> None:
        """Release what is held."""
        ...


Opening: TypeAlias = Callable[[int], Worker[T]]
"""Makes the worker of a process from its number, counted from 0; it travels to the process."""


class Supervisor(Protocol):
    """What the parent does about notes, and about a process that died: the work goes on meanwhile.

    ``note`` and ``died`` are not disturbed, so they are quick; what takes time is for ``attend``.
    """

    def note(self, note: Any) -> None:
        """See what a worker said while it was at a task."""
        ...

    def attend(self) -> None:
        """Do what notes have led to; called after every one of them."""
        ...

    def died(self, task: Task, how: str) -> Task:
        """Return what is to be done instead of a ``task`` at which a process died."""
        ...


class Work(Generic[T]):
    """Tasks to be done here or on ``jobs`` processes; a context manager that leaves none of them.

    One job is done by ``here``, if that is given.
    """

    def __init__(
        self, opening: Opening[T], jobs: int, here: Worker[T] | None, supervisor: Supervisor
    ) -> None:
        self._here = here if jobs == 1 else None
        self._supervisor = supervisor
        self._pool: _Pool[T] | None = None
        if self._here is None:
            self._pool = _Pool(opening, jobs, supervisor)

    def results(self, tasks: Iterable[Task]) -> Iterator[T]:
        """Yield what becomes of every task, in order.

        Raises ``HarnessFault`` and ``UsageError`` as workers do, and ``HarnessFault`` when
        processes die before they have done anything.
        """
        if self._pool is not None:
            yield from self._pool.results(iter(tasks))
            return
        assert self._here is not None, "there is a pool or somebody here"
        for task in tasks:
            yield result_of(self._here.do(*task), self._noted)

    def listen(self) -> None:
        """Take what processes have said meanwhile, without waiting."""
        if self._pool is not None:
            self._pool.listen(0)

    def _noted(self, note: Any) -> None:
        with undisturbed():
            self._supervisor.note(note)
        self._supervisor.attend()

    def __enter__(self) -> Self:
        if self._pool is not None:
            self._pool.open()
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.close()


def result_of(
    doing: Generator[Any, None, T], note: Callable[[Any], None] = lambda _note: None
) -> T:
    """Go through a task and return its result; every note goes to ``note``."""
    while True:
        try:
            said = next(doing)
        except StopIteration as ended:
            result: T = ended.value
            return result
        note(said)


class Unwatched:
    """A supervisor of work without notes, which no process may die of; ``words`` name a task."""

    def __init__(self, words: Callable[..., str]) -> None:
        self._words = words

    def note(self, note: object) -> None:
        """Ignore it."""

    def attend(self) -> None:
        """Do nothing."""

    def died(self, task: Task, how: str) -> Task:
        """Raise ``HarnessFault``."""
        raise HarnessFault(f"a worker process ended at {self._words(*task)}: {how}")


@dataclass(slots=True)
class _Process(Generic[T]):
    """One process, the parent's end of the pipe to it, and the tasks it was given, in order."""

    process: TiedProcess
    pipe: Connection
    number: int
    tasks: deque[tuple[int, Task]] = field(default_factory=deque)
    is_open: bool = False


class _Pool(Generic[T]):
    """The processes; ``_done`` holds results that came before those of earlier tasks."""

    def __init__(self, opening: Opening[T], jobs: int, supervisor: Supervisor) -> None:
        self._opening = opening
        self._jobs = jobs
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
            while tasks_left and self._begun - next_one < AHEAD * self._jobs * 2:
                tasks_left = self._hand_out(tasks)
                if self._is_full():
                    break
            while next_one in self._done:
                yield self._done.pop(next_one)
                next_one += 1
            if not tasks_left and next_one == self._begun:
                return
            self._hand_out_again()
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
        if self._is_full():
            return True
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
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"internal error: {named_error(error)} ({where.name}:{where.lineno})"
        pipe.send(("fault", text))


def _note(pipe: Connection, note: Any) -> None:
    pipe.send(("note", note))
