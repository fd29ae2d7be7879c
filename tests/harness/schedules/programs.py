"""Random little programs over one shared table, and what tells their executions apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from lockstep.schedules.conflict import predecessors
from lockstep_parallel.steps.drivers.protocol import Hang, Task
from lockstep_parallel.steps.drivers.scheduled import Choose, Pending, Scheduled
from lockstep_parallel.steps.ops import Kind, op
from lockstep_parallel.steps.tables import Table

Step: TypeAlias = tuple[str, int]
"""What is done, and to which key."""

Round: TypeAlias = Sequence[Sequence[Step]]
"""The steps of every task."""

STEPS = ("read", "write", "add", "branch")
ENOUGH = 1_000


@dataclass(frozen=True)
class Program:
    """Tasks in one or more rounds; ``t0`` of one round goes on where it ended in the one before."""

    rounds: tuple[Round, ...]
    workers: int = ENOUGH

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(f"t{task}" for task in range(max(map(len, self.rounds))))


@dataclass(frozen=True)
class Execution:
    """How a program ended, and the steps it took."""

    outcome: object
    trace: tuple[Pending, ...]


def of(*tasks: Sequence[Step]) -> Program:
    """Return the program of one round with these tasks."""
    return Program((tasks,))


def drawn(
    random: Random,
    tasks: Sequence[int] = (2, 2, 3, 3, 4),
    steps: Sequence[str] = STEPS,
    rounds: int = 1,
    workers: int = ENOUGH,
) -> Program:
    """Draw a program of few steps, so that its orders can be counted."""
    return Program(
        tuple(_round(random, random.choice(tasks), steps) for _ in range(rounds)), workers
    )


def _round(random: Random, tasks: int, steps: Sequence[str]) -> Round:
    keys = random.randint(1, 3)
    most = 3 if tasks < 4 else 2
    return [
        [(random.choice(steps), random.randrange(keys)) for _ in range(random.randint(1, most))]
        for _ in range(tasks)
    ]


def execute(program: Program, choose: Choose) -> Execution:
    """Run ``program`` under ``choose``; what every task saw is part of the outcome."""
    table: Table[int, int] = Table("x")
    registers = {task: task + 1 for task in range(len(program.ids))}
    driver = Scheduled(choose)
    results: list[object] = []
    try:
        for tasks in program.rounds:
            bodies: list[Task[object]] = [
                Task(number, _body(number, steps, table, registers))
                for number, steps in enumerate(tasks)
            ]
            results += driver.run(bodies, program.workers)
    except Hang:
        results = ["hang"]
    values = tuple(sorted((key, table.values[key]) for key in table.values))
    return Execution((tuple(results), values), tuple(driver.trace))


async def _body(
    task: int, steps: Sequence[Step], table: Table[int, int], registers: dict[int, int]
) -> int:
    for number, (what, key) in enumerate(steps):
        await ACTIONS[what](task, key, f"{what}{number}", table, registers)
    return registers[task]


async def _read(
    task: int, key: int, label: str, table: Table[int, int], registers: dict[int, int]
) -> None:
    registers[task] = registers[task] * 7 + (await table.get(key, label) or 0)


async def _write(
    task: int, key: int, label: str, table: Table[int, int], registers: dict[int, int]
) -> None:
    await table.put(key, registers[task], label)


async def _add(
    task: int, key: int, label: str, table: Table[int, int], registers: dict[int, int]
) -> None:
    del registers
    await op(Kind.ADD, (table.key(key),), label)
    table.values[key] = (table.values.get(key) or 0) + task + 1


async def _branch(
    task: int, key: int, label: str, table: Table[int, int], registers: dict[int, int]
) -> None:
    """Write another key if this one has a value."""
    if await table.get(key, label) is not None:
        await table.put(key + 1, registers[task], f"{label} taken")


async def _wait(
    task: int, key: int, label: str, table: Table[int, int], registers: dict[int, int]
) -> None:
    """Wait until the key has a value, then change it."""
    del registers
    await op(Kind.WRITE, (table.key(key),), label, lambda: table.values.get(key) is not None)
    table.values[key] = table.values[key] * 3 + task


async def _watch(
    task: int, key: int, label: str, table: Table[int, int], registers: dict[int, int]
) -> None:
    """Wait until the key has a value, then read it."""
    await op(Kind.READ, (table.key(key),), label, lambda: table.values.get(key) is not None)
    registers[task] = registers[task] * 5 + table.values[key]


Action: TypeAlias = Callable[..., object]

ACTIONS = {
    "read": _read,
    "write": _write,
    "add": _add,
    "branch": _branch,
    "wait": _wait,
    "watch": _watch,
}

Trace: TypeAlias = frozenset[tuple[object, ...]]


def trace_of(steps: Sequence[Pending]) -> Trace:
    """Return the Mazurkiewicz trace: the steps, and the order of the dependent ones."""
    seen: Counter[int] = Counter()
    names = []
    for step in steps:
        seen[step.task] += 1
        names.append((step.task, seen[step.task], step.operation.label))
    needs = predecessors(steps)
    order = {(names[left], names[right]) for right in range(len(names)) for left in needs[right]}
    return frozenset(names) | frozenset(order)


def all_executions(program: Program, limit: int) -> list[Execution] | None:
    """Execute every order of the steps, however many share a trace; None if there are too many."""
    found: list[Execution] = []
    prefixes: list[list[int]] = [[]]
    while prefixes:
        if len(found) >= limit:
            return None
        choose = _Scripted(prefixes.pop())
        found.append(execute(program, choose))
        prefixes += choose.alternatives()
    return found


class _Scripted:
    """Chooses the positions it was given, then the first one, and notes what was on offer."""

    def __init__(self, positions: list[int]) -> None:
        self._given = len(positions)
        self._positions = positions
        self._counts: list[int] = []

    def __call__(self, runnable: Sequence[Pending]) -> int:
        if len(self._counts) == len(self._positions):
            self._positions.append(0)
        self._counts.append(len(runnable))
        return self._positions[len(self._counts) - 1]

    def alternatives(self) -> list[list[int]]:
        return [
            [*self._positions[:depth], other]
            for depth in range(self._given, len(self._positions))
            for other in range(1, self._counts[depth])
        ]
