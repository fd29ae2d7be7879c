from __future__ import annotations

import pytest

from lockstep_parallel.executors.optimistic.chain import Version
from lockstep_parallel.executors.optimistic.progress import (
    LEGAL,
    Assignment,
    Execute,
    Progress,
    Status,
    Validate,
)
from lockstep_parallel.executors.optimistic.scheduler import Scheduler
from lockstep_parallel.steps.drivers.protocol import Hang, Task
from lockstep_parallel.steps.drivers.scheduled import Scheduled


def first(index: int) -> Version:
    return Version(index, 0)


def executed(count: int, retries: int = 9) -> Progress:
    """All transactions executed once, in order, none validated."""
    progress = Progress(count, retries)
    for index in range(count):
        progress.execution = index
        progress.validation = index
        assert progress.take() == Execute(first(index))
        progress.executed(first(index), wider=True)
    progress.execution, progress.validation = count, 0
    return progress


def abort(progress: Progress, version: Version) -> Assignment | None:
    assert progress.abort(version)
    return progress.retry(version.transaction)


# Statuses


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_only_the_drawn_transitions_are_possible(before: Status, after: Status) -> None:
    progress = Progress(1, 9)
    progress.statuses[0] = before
    if (before, after) in LEGAL:
        progress.move(0, after)
        assert progress.statuses == [after]
    else:
        with pytest.raises(AssertionError, match="transaction 0 from"):
            progress.move(0, after)


def test_an_incarnation_cannot_end_twice() -> None:
    progress = Progress(1, 9)
    progress.take()
    progress.executed(first(0), wider=True)
    with pytest.raises(AssertionError):
        progress.executed(first(0), wider=True)


# Taking


def test_the_lower_index_goes_first_and_validation_before_execution() -> None:
    progress = Progress(2, 9)
    assert progress.take() == Execute(first(0))
    progress.executed(first(0), wider=True)
    assert progress.take() == Validate(first(0))
    progress.valid()
    assert progress.take() == Execute(first(1))
    progress.executed(first(1), wider=True)
    assert progress.take() == Validate(first(1))
    progress.valid()
    assert progress.take() is None
    assert progress.is_done()


def test_two_workers_never_get_the_same_transaction_to_execute() -> None:
    progress = Progress(3, 9)
    assert [progress.take() for _ in range(4)] == [Execute(first(each)) for each in range(3)] + [
        None
    ]


def test_looking_for_work_changes_nothing() -> None:
    progress = Progress(2, 9)
    before = dict(vars(progress))
    assert progress.has_news()
    assert not progress.is_done()
    assert dict(vars(progress)) == before


def test_it_is_not_done_while_an_assignment_is_under_way() -> None:
    progress = Progress(1, 9)
    progress.take()
    assert progress.take() is None
    assert not progress.is_done()
    assert not progress.has_news()
    progress.executed(first(0), wider=False)
    progress.take()
    assert not progress.is_done()
    progress.valid()
    assert progress.is_done()
    assert progress.has_news()


# Executed


def test_wider_writes_have_what_follows_validated_again() -> None:
    progress = executed(3)
    abort(progress, first(0))
    progress.validation = 3
    assert progress.executed(Version(0, 1), wider=True) is None
    assert progress.validation == 0


def test_writes_to_the_same_places_are_validated_alone() -> None:
    progress = executed(3)
    progress.validation, progress.active = 3, 1
    abort(progress, first(0))
    progress.validation = 3
    assert progress.executed(Version(0, 1), wider=False) == Validate(Version(0, 1))
    assert progress.validation == 3
    assert progress.active == 1


def test_what_the_validation_index_has_not_reached_is_left_to_it() -> None:
    progress = Progress(2, 9)
    progress.take()
    assert progress.executed(first(0), wider=False) is None
    assert (progress.validation, progress.active) == (0, 0)


# Aborts


def test_an_abort_has_the_transaction_run_again_and_all_after_it_validated() -> None:
    progress = executed(3)
    progress.validation = 3
    assert abort(progress, first(1)) == Execute(Version(1, 1))
    assert progress.statuses[1] is Status.EXECUTING
    assert progress.validation == 2


def test_an_abort_before_the_execution_index_waits_for_its_turn() -> None:
    progress = executed(2)
    progress.execution, progress.active = 1, 1
    assert abort(progress, first(1)) is None
    assert (progress.statuses[1], progress.active) == (Status.READY, 0)


def test_an_incarnation_is_aborted_once() -> None:
    progress = executed(1)
    assert progress.take() == Validate(first(0))
    progress.active += 1
    assert progress.abort(first(0))
    assert not progress.abort(first(0))
    assert progress.active == 1


def test_an_old_incarnation_is_not_aborted_in_the_place_of_a_new_one() -> None:
    progress = executed(1)
    progress.active = 2
    abort(progress, first(0))
    progress.executed(Version(0, 1), wider=True)
    assert not progress.abort(first(0))
    assert progress.statuses == [Status.EXECUTED]


def test_nothing_is_handed_out_after_too_many_aborts() -> None:
    progress = executed(2, retries=1)
    progress.active = 1
    assert abort(progress, first(0)) == Execute(Version(0, 1))
    progress.executed(Version(0, 1), wider=True)
    progress.active += 1
    assert progress.take() is not None
    assert abort(progress, Version(0, 1)) is None
    assert progress.stopped
    assert progress.has_news()
    assert progress.take() is None


# Dependencies


def test_a_dependent_waits_and_is_resumed_with_its_next_incarnation() -> None:
    progress = Progress(3, 9)
    for index in range(3):
        assert progress.take() == Execute(first(index))
    assert progress.wait(first(2), 0)
    assert progress.statuses[2] is Status.ABORTING
    assert progress.take() is None
    progress.executed(first(0), wider=True)
    assert progress.execution == 2
    assert progress.take() == Validate(first(0))
    assert progress.take() == Execute(Version(2, 1))


def test_several_dependents_are_resumed_from_the_lowest_on() -> None:
    progress = Progress(3, 9)
    for _ in range(3):
        progress.take()
    progress.wait(first(2), 0)
    progress.wait(first(1), 0)
    progress.executed(first(0), wider=True)
    assert progress.execution == 1
    assert progress.statuses[1:] == [Status.READY, Status.READY]
    assert progress.waiting == [[], [], []]


def test_what_is_executed_by_now_is_not_waited_for() -> None:
    progress = Progress(2, 9)
    progress.take()
    progress.take()
    progress.executed(first(0), wider=True)
    assert not progress.wait(first(1), 0)
    assert progress.statuses[1] is Status.EXECUTING


# Steps


def test_a_worker_without_work_waits_until_another_is_done() -> None:
    scheduler = Scheduler(Progress(1, 9))
    seen: list[str] = []

    async def busy() -> None:
        assert await scheduler.take() == Execute(first(0))
        assert await scheduler.executed(first(0), wider=False) is None
        assert await scheduler.take() == Validate(first(0))
        await scheduler.valid()
        seen.append("valid")

    async def idle() -> None:
        assert await scheduler.take() is None
        seen.append("done")

    Scheduled().run([Task(0, busy()), Task(1, idle())], 2)
    assert seen == ["valid", "done"]


def test_waiting_for_what_never_ends_is_a_hang() -> None:
    scheduler = Scheduler(Progress(1, 9))

    async def lost() -> None:
        await scheduler.take()

    async def idle() -> None:
        await scheduler.take()

    with pytest.raises(Hang):
        Scheduled().run([Task(0, lost()), Task(1, idle())], 2)


def test_stopping_ends_those_that_wait() -> None:
    scheduler = Scheduler(Progress(1, 9))

    async def breaks() -> Assignment | None:
        await scheduler.take()
        await scheduler.stop()
        return None

    async def idle() -> Assignment | None:
        return await scheduler.take()

    assert Scheduled().run([Task(0, breaks()), Task(1, idle())], 2) == [None, None]


def test_every_step_names_the_scheduler() -> None:
    driver = Scheduled()
    scheduler = Scheduler(Progress(1, 9))

    async def all_of_it() -> None:
        await scheduler.take()
        await scheduler.executed(first(0), wider=True)
        await scheduler.take()
        assert await scheduler.abort(first(0))
        await scheduler.retry(0)
        assert await scheduler.executed(Version(0, 1), wider=False) == Validate(Version(0, 1))
        await scheduler.valid()
        assert await scheduler.take() is None

    assert driver.run([Task(0, all_of_it())], 1) == [None]
    assert {step.operation.keys for step in driver.trace} == {(("scheduler",),)}
