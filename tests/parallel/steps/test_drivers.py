from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from random import Random

import pytest

from lockstep_parallel.steps.drivers.protocol import Crash, Driver, Hang, Task
from lockstep_parallel.steps.drivers.scheduled import Pending, Scheduled
from lockstep_parallel.steps.drivers.threads import Threads
from lockstep_parallel.steps.ops import Kind, op
from lockstep_parallel.steps.tables import Cell


@pytest.fixture(params=["scheduled", "threads", "delayed threads"])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    if request.param == "scheduled":
        random = Random(7)
        yield Scheduled(lambda runnable: random.randrange(len(runnable)))
    else:
        delay_seed = 1 if request.param == "delayed threads" else None
        with Threads(delay_seed=delay_seed, patience=5) as threads:
            yield threads


async def steps(index: int, count: int = 3) -> int:
    for _ in range(count):
        await op(Kind.READ, (("x",),), f"step{index}")
    return index


async def crash_after(count: int) -> int:
    await steps(0, count)
    raise ValueError("boom")


async def wait_for(guard: Callable[[], bool]) -> str:
    await op(Kind.READ, (("x",),), "wait", guard)
    return "ready"


async def assign(cell: Cell[int], value: int) -> str:
    await cell.write(value, "set")
    return "set"


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_results_stand_in_task_order_whatever_ran_first(driver: Driver, workers: int) -> None:
    tasks = [Task(index, steps(index, 10 - index)) for index in range(10)]
    assert driver.run(tasks, workers) == list(range(10))


def test_no_tasks_give_no_results(driver: Driver) -> None:
    assert driver.run([], 4) == []


def test_a_task_that_never_suspends_gives_its_result(driver: Driver) -> None:
    assert driver.run([Task(0, steps(5, 0)), Task(1, steps(6, 0))], 4) == [5, 6]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_crash_is_its_own_tasks_result_and_stops_no_other(driver: Driver, count: int) -> None:
    results = driver.run([Task(3, crash_after(count)), Task(4, steps(4))], 4)
    crash = results[0]
    assert isinstance(crash, Crash)
    assert crash.index == 3
    assert crash.error.startswith("ValueError: boom at crash_after:")
    assert results[1] == 4


def test_a_closed_guard_waits_for_another_tasks_step(driver: Driver) -> None:
    cell = Cell("x", 0)
    tasks = [Task(0, wait_for(lambda: cell.value == 1)), Task(1, assign(cell, 1))]
    assert driver.run(tasks, 2) == ["ready", "set"]


def test_tasks_that_wait_for_each_other_are_a_hang() -> None:
    tasks = [Task(index, wait_for(lambda: False)) for index in range(2)]
    with pytest.raises(Hang, match="0@wait, 1@wait"):
        Scheduled().run(tasks, 2)
    tasks = [Task(index, wait_for(lambda: False)) for index in range(2)]
    with Threads(patience=0.02) as threads, pytest.raises(Hang, match="wait"):
        threads.run(tasks, 2)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_hang_leaves_no_body_unclosed(workers: int) -> None:
    tasks = [Task(index, wait_for(lambda: False)) for index in range(8)]
    with Threads(patience=0.02) as threads, pytest.raises(Hang):
        threads.run(tasks, workers)
    tasks = [Task(index, wait_for(lambda: False)) for index in range(8)]
    with pytest.raises(Hang):
        Scheduled().run(tasks, workers)


def test_a_task_waiting_for_one_that_no_worker_may_begin_is_a_hang() -> None:
    async def begin_then_wait(cell: Cell[int]) -> str:
        await cell.read("begin")
        return await wait_for(lambda: cell.value == 1)

    cell = Cell("x", 0)
    tasks = [Task(0, begin_then_wait(cell)), Task(1, assign(cell, 1))]
    with pytest.raises(Hang):
        Scheduled().run(tasks, 1)


def test_an_endless_task_reaches_the_step_limit() -> None:
    with pytest.raises(Hang, match="10 steps"):
        Scheduled(step_limit=10).run([Task(0, steps(0, 1000))], 1)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_at_most_so_many_tasks_are_begun_and_unfinished_under_scheduled(workers: int) -> None:
    active: set[int] = set()
    most = 0

    async def body(index: int) -> None:
        nonlocal most
        await op(Kind.READ, (), "first")
        active.add(index)
        most = max(most, len(active))
        await steps(index)
        active.discard(index)

    random = Random(3)
    scheduled = Scheduled(lambda runnable: random.randrange(len(runnable)))
    scheduled.run([Task(index, body(index)) for index in range(8)], workers)
    assert most == workers


def test_the_default_choice_runs_the_tasks_one_after_another() -> None:
    scheduled = Scheduled()
    scheduled.run([Task(index, steps(index, 2)) for index in range(3)], 3)
    assert [step.task for step in scheduled.trace] == [0, 0, 1, 1, 2, 2]


def test_replaying_a_trace_repeats_the_run() -> None:
    async def append(index: int, order: list[int]) -> None:
        for _ in range(4):
            await op(Kind.WRITE, (("x",),), f"append{index}")
            order.append(index)

    def run_with(choose: Callable[[Sequence[Pending]], int]) -> tuple[list[int], Scheduled]:
        order: list[int] = []
        scheduled = Scheduled(choose)
        scheduled.run([Task(index, append(index, order)) for index in range(4)], 4)
        return order, scheduled

    random = Random(11)
    order, recorded = run_with(lambda runnable: random.randrange(len(runnable)))
    answers = iter(recorded.trace)

    def replay(runnable: Sequence[Pending]) -> int:
        return runnable.index(next(answers))

    repeated, replayed = run_with(replay)
    assert repeated == order != sorted(order)
    assert replayed.trace == recorded.trace


def test_threads_really_run_at_the_same_time() -> None:
    barrier = threading.Barrier(3, timeout=5)

    async def meet() -> bool:
        await op(Kind.READ, (), "meet")
        barrier.wait()
        return True

    with Threads() as threads:
        assert threads.run([Task(index, meet()) for index in range(3)], 3) == [True] * 3


def test_a_threads_driver_can_be_used_again_after_closing() -> None:
    with Threads() as threads:
        threads.run([Task(index, steps(index)) for index in range(3)], 2)
        threads.close()
        assert threads.run([Task(index, steps(index)) for index in range(3)], 3) == [0, 1, 2]


def test_updates_of_a_cell_are_atomic_under_threads() -> None:
    cell = Cell("x", 0)

    async def add() -> None:
        for _ in range(100):
            await cell.update(lambda value: value + 1, "add", Kind.ADD)

    with Threads(delay_seed=5) as threads:
        threads.run([Task(index, add()) for index in range(4)], 4)
    assert cell.value == 400
