"""Toy races: tiny coroutine programs on shared tables, each with one well-known mistake.

Invariant: the sequential order never fails; ``deviations`` from it are enough for a failure, and
fewer are not.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from lockstep_parallel.steps.drivers.protocol import Task
from lockstep_parallel.steps.drivers.scheduled import Choose, Scheduled
from lockstep_parallel.steps.ops import Kind, op
from lockstep_parallel.steps.tables import Cell, Table

Body: TypeAlias = Coroutine[Any, Any, object]
Program: TypeAlias = tuple[Sequence[Body], Callable[[], bool]]
"""The tasks of one execution, and whether it went wrong, asked at its end."""


@dataclass(frozen=True, slots=True)
class Toy:
    """A race: ``program`` makes a fresh copy of it."""

    name: str
    program: Callable[[], Program]
    deviations: int = 1

    def execute(self, choose: Choose) -> tuple[bool, Scheduled]:
        """Run once under ``choose``; tell whether it failed, and return the driver that ran it."""
        bodies, failed = self.program()
        driver = Scheduled(choose)
        driver.run([Task(index, body) for index, body in enumerate(bodies)], len(bodies))
        return failed(), driver


async def _work(table: Table[int, int], key: int) -> None:
    """Take two steps that nobody else is interested in."""
    await table.put(key, 1, "prepare")
    await table.get(key, "look")


def lost_update() -> Program:
    """Add to a counter three times, in two steps each; one reads before another has written."""
    counter, private = Cell("counter", 0), Table[int, int]("private")

    async def add(task: int) -> None:
        await _work(private, task)
        value = await counter.read("read")
        await counter.write(value + 1, "write")

    return [add(task) for task in range(3)], lambda: counter.value != 3


def check_then_insert() -> Program:
    """Claim a name three times if it is free, in two steps each; two find it free."""
    owners, private = Table[str, int]("owner"), Table[int, int]("private")
    claimed: list[int] = []

    async def claim(task: int) -> None:
        await _work(private, task)
        if await owners.get("name", "check") is None:
            await owners.put("name", task, "insert")
            claimed.append(task)

    return [claim(task) for task in range(3)], lambda: len(claimed) != 1


def stale_validation() -> Program:
    """Validate what was read and commit in a step of its own; a write comes between.

    A second writer would repair that, so it has to come early too.
    """
    left, right = Cell("left", 0), Cell("right", 0)

    async def copy() -> None:
        seen = await left.read("read")
        if await left.read("validate") == seen:
            await right.write(seen, "commit")

    async def move() -> None:
        await left.write(1, "left")
        await right.write(1, "right")

    return [copy(), move(), move()], lambda: left.value != right.value


def aba() -> Program:
    """Exchange the top of a stack if it is still the same; what lay below it is not."""
    top, below = Cell("top", "a"), {"a": "b", "b": ""}
    in_use: set[str] = set()

    async def pop() -> None:
        seen = await top.read("top")
        after = below[seen]

        def exchange(current: str) -> str:
            if current != seen:
                return current
            in_use.add(seen)
            return after

        await top.update(exchange, "exchange")

    async def take_both() -> None:
        def emptied(current: str) -> str:
            while current:
                in_use.add(current)
                current = below[current]
            return current

        await top.update(emptied, "take both")

    async def give_back() -> None:
        def pushed(current: str) -> str:
            if "a" not in in_use:
                return current
            in_use.remove("a")
            below["a"] = current
            return "a"

        await top.update(pushed, "give back")

    return [pop(), take_both(), give_back()], lambda: top.value in in_use


def use_before_init() -> Program:
    """Use a value without waiting for the task that sets it."""
    config, private = Cell[int | None]("config", None), Table[int, int]("private")
    missing: list[int] = []

    async def initialise() -> None:
        await _work(private, 0)
        await config.write(1, "init")

    async def use(task: int) -> None:
        await _work(private, task)
        if await config.read("use") is None:
            missing.append(task)

    return [initialise(), use(1), use(2)], lambda: bool(missing)


def half_published() -> Program:
    """Publish two values one after the other, twice; a reader sees them at different times."""
    values: Table[str, int] = Table("value")
    seen: list[tuple[int, int]] = []

    async def publish() -> None:
        for round_ in (1, 2):
            await op(Kind.WRITE, (values.key("a"),), "a")
            values.values["a"] = round_
            await op(Kind.WRITE, (values.key("b"),), "b")
            values.values["b"] = round_

    async def read() -> None:
        first = await values.get("a", "read a") or 0
        seen.append((first, await values.get("b", "read b") or 0))

    return [publish(), read()], lambda: (1, 2) in seen


TOYS = (
    Toy("lost update", lost_update),
    Toy("check, then insert", check_then_insert),
    Toy("stale read across validation", stale_validation, deviations=2),
    Toy("ABA", aba, deviations=2),
    Toy("use before init", use_before_init),
    Toy("half-published pair", half_published, deviations=2),
)
