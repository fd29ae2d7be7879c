"""The watchdog: what never comes back is broken off soon after its limit, and says where."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from lockstep.run.watchdog import LATE, Execution, Late, TimeOver, executing, watching
from lockstep.undisturbed import undisturbed

PATIENCE = 3.0
"""Seconds that a busy machine may take to do what it should do within one."""


def loop_for_ever() -> None:
    while True:
        pass


def busy_for(seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return True


def watch_and_loop_for_ever() -> None:
    with watching(time.monotonic() + 60):
        pass
    loop_for_ever()


def swallow_once() -> None:
    try:
        loop_for_ever()
    except BaseException:
        loop_for_ever()


def in_time(began: float, limit: float) -> bool:
    return limit <= time.monotonic() - began < limit + PATIENCE


def test_an_execution_that_does_not_return_is_late_and_says_where_it_is() -> None:
    began = time.monotonic()
    told = rf"{LATE} 0.3 s, in loop_for_ever \(test_watch"
    with watching(), pytest.raises(Late, match=told), executing(0.3):
        loop_for_ever()
    assert in_time(began, 0.3)


def test_one_that_swallows_what_ends_it_is_ended_a_second_later() -> None:
    began = time.monotonic()
    with watching(), pytest.raises(Late), executing(0.3):
        swallow_once()
    assert in_time(began, 1.3)


def looked_at(execution: Execution, moments: list[float]) -> list[float]:
    """Return the moments at which it is late."""
    return [moment for moment in moments if execution.look(moment)]


def test_while_the_process_is_stopped_at_most_half_of_a_deadline_passes() -> None:
    running = [tick * 0.25 for tick in range(1, 49)]
    assert looked_at(Execution(10.0, 0.0), running) == [10.0, 11.0, 12.0]
    stopped = [each if each < 2 else each + 3600 for each in running]
    assert looked_at(Execution(10.0, 0.0), stopped)[0] == 3605.25, "half of the deadline at most"


def test_the_whole_budget_ends_an_execution_too() -> None:
    began = time.monotonic()
    with pytest.raises(TimeOver), watching(began + 0.5), executing(60):
        swallow_once()
    assert in_time(began, 1.5)


def test_what_returns_in_time_is_left_alone_and_so_is_what_comes_after_it() -> None:
    with watching():
        with executing(0.1):
            pass
        assert busy_for(0.6)


def test_a_hang_on_threads_is_told_by_the_place_of_the_threads() -> None:
    end = threading.Event()

    def wait_in_thread() -> None:
        end.wait(60)

    thread = threading.Thread(target=wait_in_thread, name="lockstep_0")
    thread.start()
    try:
        with watching(), pytest.raises(Late, match="wait_in_thread"), executing(0.3):
            thread.join()
    finally:
        end.set()
        thread.join()


def test_inside_of_what_is_not_to_be_disturbed_it_comes_right_after() -> None:
    done: list[bool] = []
    with pytest.raises(TimeOver), watching(time.monotonic()), undisturbed():
        done.append(busy_for(1))
    assert done == [True]


def test_watches_are_nested_and_leave_no_timer_behind() -> None:
    with pytest.raises(TimeOver), watching(time.monotonic() + 0.5):
        watch_and_loop_for_ever()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_outside_of_the_main_thread_nothing_is_watched_and_nothing_breaks() -> None:
    went: list[bool] = []

    def watch() -> None:
        with watching(0), executing(0):
            went.append(True)

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert went == [True]
