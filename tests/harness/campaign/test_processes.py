"""Work on processes: in order, whatever becomes of them, and none of them is left."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lockstep.campaign.processes import Work
from lockstep.campaign.work import Task, Unwatched
from lockstep.faults import HarnessFault, UsageError

SECONDS = 60.0


class Squares:
    """Squares numbers; a word instead of one says what else to do."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def do(self, word: Any, again: bool = False) -> Generator[Any, None, Any]:
        if word == "die" and not again:
            os._exit(5)
        if word == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "usage":
            raise UsageError("not so")
        if word == "fault":
            raise HarnessFault("broken")
        if word == "unforeseen":
            raise ZeroDivisionError("of ours")
        if word == "mute" and not again:
            os.closerange(3, 64)
            time.sleep(SECONDS)
        yield f"at {word}"
        return word if isinstance(word, str) else word * word

    def close(self) -> None:
        """Hold nothing."""


class Unopened(Squares):
    def __init__(self, number: int = 0) -> None:
        os._exit(9)


class LastWords(Squares):
    def do(self, word: Any, again: bool = False) -> Generator[Any, None, Any]:
        yield f"at {word}"
        time.sleep(SECONDS)


class Noting:
    """Keeps what it is told; hands a task back to be done another way."""

    def __init__(self) -> None:
        self.notes: list[Any] = []
        self.deaths: list[str] = []

    def note(self, note: Any) -> None:
        self.notes.append(note)

    def attend(self) -> None:
        """There is nothing to do."""

    def died(self, task: Task, how: str) -> Task:
        self.deaths.append(f"{task[0]}: {how}")
        return ("killer",) if task[0] == "kill" else (task[0], True)


def work(tasks: list[Any], jobs: int = 2, supervisor: Noting | None = None) -> list[Any]:
    watched = supervisor or Noting()
    with Work(Squares, jobs, Squares(), watched) as working:
        return list(working.results((each,) for each in tasks))


@pytest.fixture(autouse=True)
def none_left() -> Generator[None]:
    yield
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_the_order_of_the_tasks(jobs: int) -> None:
    assert work(list(range(20)), jobs) == [each * each for each in range(20)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_note_arrives(jobs: int) -> None:
    noting = Noting()
    work([1, 2, 3], jobs, noting)
    assert sorted(noting.notes) == ["at 1", "at 2", "at 3"]


def test_a_process_that_dies_costs_its_task_which_is_done_again() -> None:
    noting = Noting()
    assert work([1, "die", 3, "kill", 5], 2, noting) == [1, "die", 9, "killer", 25]
    assert sorted(noting.deaths) == [
        "die: it ended with exit code 5",
        "kill: it was ended by SIGKILL",
    ]


def test_one_that_closes_its_pipe_and_goes_on_is_replaced_too() -> None:
    noting = Noting()
    began = time.monotonic()
    assert work(["mute", 2], 2, noting) == ["mute", 4]
    assert noting.deaths == ["mute: it was ended by SIGKILL"]
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize(
    ("word", "error", "text"),
    [
        ("usage", UsageError, "^not so$"),
        ("fault", HarnessFault, "^broken$"),
        ("unforeseen", HarnessFault, r"^internal error: ZeroDivisionError: of ours \(do:\d+\)$"),
    ],
)
def test_what_a_worker_raises_ends_the_work(word: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        work([1, word, 3])


def test_processes_that_never_start_end_the_work() -> None:
    dying = pytest.raises(HarnessFault, match="do not start: it ended with exit code 9")
    with Work(Unopened, 2, None, Noting()) as working, dying:
        list(working.results([(1,)]))


def test_where_no_process_may_die_a_death_names_the_task() -> None:
    watched = Unwatched(lambda word: f"the task {word}")
    told = pytest.raises(HarnessFault, match="ended at the task kill: it was ended by SIGKILL")
    with Work(Squares, 2, None, watched) as working, told:
        list(working.results([("kill",)]))


def test_what_a_process_said_last_is_heard_when_the_work_is_broken_off() -> None:
    noting = BreakingOff()
    with pytest.raises(KeyboardInterrupt), Work(LastWords, 2, None, noting) as working:
        next(working.results([(1,), (2,)]))
    assert sorted(noting.notes) == ["at 1", "at 2"]


class BreakingOff(Noting):
    """Breaks the work off at the first note, once every process has said something."""

    def attend(self) -> None:
        if len(self.notes) == 1:
            time.sleep(1)
            raise KeyboardInterrupt


def test_signals_to_the_whole_group_are_for_the_parent_to_answer() -> None:
    with Work(Squares, 2, None, Noting()) as working:
        results = working.results((each,) for each in range(2000))
        assert next(results) == 0
        workers = [each for each in multiprocessing.active_children() if each.pid is not None]
        assert len(workers) == 2
        for each in workers:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(each.pid or 0, number)
        assert list(results) == [each * each for each in range(1, 2000)]
        assert {each.pid for each in multiprocessing.active_children()} <= {
            each.pid for each in workers
        }


def test_a_worker_starts_programs_that_ignore_no_signal() -> None:
    with Work(Statuses, 2, None, Noting()) as working:
        (ignored, blocked) = next(working.results([(0,)]))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        assert not (ignored | blocked) >> (number - 1) & 1


class Statuses(Squares):
    def do(self, word: Any, again: bool = False) -> Generator[Any, None, Any]:
        yield from ()
        program = psutil.Popen(("sleep", "60"))
        lines = Path(f"/proc/{program.pid}/status").read_text().splitlines()
        program.kill()
        program.wait()
        masks = dict(line.split(":\t") for line in lines if line.startswith("Sig"))
        return int(masks["SigIgn"], 16), int(masks["SigBlk"], 16)
