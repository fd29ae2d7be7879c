from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from lockstep_parallel.steps.ops import Kind, Operation, op
from lockstep_parallel.steps.tables import Cell, Table


def announced(body: Coroutine[Any, None, Any]) -> tuple[Operation, Any]:
    """Return the only operation of ``body`` and its result."""
    operation = body.send(None)
    with pytest.raises(StopIteration) as stop:
        body.send(None)
    return operation, stop.value.value


def test_an_operation_is_announced_with_kind_keys_label_and_guard() -> None:
    def guard() -> bool:
        return True

    operation, _ = announced(_one_op(guard))
    assert operation == Operation(Kind.ADD, (("x", 1), ("y",)), "step", guard)


async def _one_op(guard: Any) -> None:
    await op(Kind.ADD, (("x", 1), ("y",)), "step", guard)


def test_a_cell_is_read_after_its_announcement() -> None:
    cell = Cell("burned", 1)
    body = cell.read("burned")
    operation = body.send(None)
    cell.value = 2
    with pytest.raises(StopIteration) as stop:
        body.send(None)
    assert stop.value.value == 2
    assert (operation.kind, operation.keys) == (Kind.READ, (("burned",),))


class Held(Cell[int]):
    """A cell that is changed under its lock only."""

    @property
    def value(self) -> int:
        return super().value

    @value.setter
    def value(self, value: int) -> None:
        assert self._lock.locked()
        self._value = value


@pytest.mark.parametrize("change", [lambda c: c.write(5, "set"), lambda c: c.update(abs, "abs")])
def test_a_cell_is_changed_under_its_lock(
    change: Callable[[Held], Coroutine[Any, None, int]],
) -> None:
    announced(change(Held("c", 1)))


def test_a_cell_does_not_change_before_its_write_is_resumed() -> None:
    cell = Cell("c", 1)
    body = cell.write(5, "set")
    assert body.send(None).kind is Kind.WRITE
    assert cell.value == 1
    with pytest.raises(StopIteration):
        body.send(None)
    assert cell.value == 5


def test_an_update_reads_and_writes_in_one_step() -> None:
    cell = Cell("c", 1)
    first, second = (
        cell.update(lambda v: v + 1, "add", Kind.ADD),
        cell.update(lambda v: v * 10, "x"),
    )
    assert first.send(None).kind is Kind.ADD
    assert second.send(None).kind is Kind.WRITE
    for body in (second, first):
        with pytest.raises(StopIteration):
            body.send(None)
    assert cell.value == 11


def test_each_key_of_a_table_is_a_location_of_its_own() -> None:
    table: Table[str, int] = Table("nonce")
    operation, _ = announced(table.put("a", 1, "nonce"))
    assert operation.keys == (("nonce", "a"),) == (table.key("a"),)
    assert announced(table.get("a", "nonce"))[1] == 1
    assert announced(table.get("b", "nonce"))[1] is None


def test_a_table_loads_a_key_once_and_announces_every_read() -> None:
    table: Table[str, int] = Table("nonce")
    loads: list[str] = []

    def load(key: str) -> int:
        loads.append(key)
        return 7

    for _ in range(2):
        operation, value = announced(table.get_or_load("a", load, "nonce"))
        assert value == 7
        assert operation.kind is Kind.READ
    assert loads == ["a"]
