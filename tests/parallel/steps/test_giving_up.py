"""Real threads that are broken off: nobody waits for a task that is not driven any more."""

from __future__ import annotations

import time

import pytest

from lockstep_parallel.steps.drivers.protocol import Task
from lockstep_parallel.steps.drivers.threads import Threads
from lockstep_parallel.steps.ops import Kind, op

PATIENCE = 60.0


def test_an_interrupt_in_one_task_ends_those_that_wait_for_it_at_once() -> None:
    opened: list[bool] = []

    async def waits() -> None:
        await op(Kind.READ, (("gate",),), "gate", lambda: bool(opened))

    async def interrupted() -> None:
        await op(Kind.WRITE, (("before",),), "before")
        raise KeyboardInterrupt

    began = time.monotonic()
    with Threads(patience=PATIENCE) as threads, pytest.raises(KeyboardInterrupt):
        threads.run([Task(0, interrupted()), Task(1, waits())], 2)
    assert time.monotonic() - began < PATIENCE / 2
    with Threads(patience=PATIENCE) as threads:
        opened.append(True)
        assert threads.run([Task(0, waits()), Task(1, waits())], 2) == [None, None]
