"""A failing run as swim lanes: a column for every transaction, a row for every step, in order.

Invariant: no line is longer than ``width``; every deviation that was met has a line of its own,
right before the step that was taken because of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import TypeAlias

from lockstep.case.deviation import task_name
from lockstep.explain.observe import ObservedBlock
from lockstep.explain.race import OtherResult, Race, by_step
from lockstep.explain.words import held_text, percent_text, value_text, verb_of
from lockstep.schedules.conflict import contested

Shown: TypeAlias = dict[int, tuple[str, list[str]]]
"""By step number: what the step does, and the locations with what they held after it."""

WIDTH = 100
NARROWEST_LANE = 18
GAP = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the timeline, up to and with the step of number ``last``.

    ``lane`` None stands for transactions without a lane of their own. Every one of ``texts`` begins
    a line; ``across`` lets them run over the lanes to the right.
    """

    lane: str | None
    texts: tuple[str, ...]
    last: int | None = None
    across: bool = False


def timeline(
    race: Race, shares: Mapping[int, float], *, all_steps: bool = False, width: int = WIDTH
) -> Iterator[str]:
    """Give the lines of the timeline.

    ``shares`` says how likely the failure was after so many steps. Only the steps that others
    contest, or that saw or published another value than sequentially, are shown unless
    ``all_steps``.
    """
    shown = _shown(race, all_steps=all_steps)
    names = _lanes(race.here, shown)
    yield from _Sheet(names, shares, width).lines(list(_rows(race, shown, names)))


def _shown(race: Race, *, all_steps: bool) -> Shown:
    """Return what to tell of every step that is shown."""
    trace, others = race.here.trace, by_step(race.sequentially)
    locations = contested(trace)
    found: Shown = {}
    for touch in race.here.touches:
        other = others.get((touch.address, touch.location))
        text = held_text(touch)
        if other is not None and other.value != touch.value:
            text += f" (sequentially {value_text(other.value)})"
        elif not all_steps and (trace[touch.number].round, touch.location) not in locations:
            continue
        found.setdefault(touch.number, (verb_of(touch), []))[1].append(text)
    return found


def _lanes(here: ObservedBlock, shown: Shown) -> list[str]:
    tasks = {here.trace[number].task for number in shown}
    return [task_name(task, here.ids) for task in sorted(tasks)]


def _rows(race: Race, shown: Shown, names: list[str]) -> Iterator[Row]:
    here, told_round = race.here, 0
    for numbers in _groups(here, shown, names):
        first = here.trace[numbers[0]]
        met = [each for at, each in here.met if at == numbers[0]]
        if (met or numbers[0] in shown) and first.round != told_round:
            told_round = first.round
            yield Row(None, (f"-- round {told_round + 1} --",), across=True)
        for each in met:
            yield Row(each.address[0], (f"--> {each.run} (deviation: {each})",), across=True)
        if numbers[0] in shown:
            texts = _step_texts(*shown[numbers[0]], len(first.operation.keys))
            yield Row(task_name(first.task, here.ids), tuple(texts), numbers[0])
        else:
            yield _collapsed(here, numbers, names)
    yield from (Row(each.transaction, (_result_text(each),)) for each in race.results)


def _groups(here: ObservedBlock, shown: Shown, names: list[str]) -> Iterator[list[int]]:
    """Give the steps, one by one if shown, else as many as stand together in one lane or none."""
    apart = {at for at, _ in here.met}
    group: list[int] = []
    lane: str | None = None
    for number, step in enumerate(here.trace):
        name = task_name(step.task, here.ids)
        own = name if name in names else None
        if group and (number in shown or number in apart or group[-1] in shown or own != lane):
            yield group
            group = []
        group.append(number)
        lane = own
    if group:
        yield group


def _collapsed(here: ObservedBlock, numbers: list[int], names: list[str]) -> Row:
    tasks = sorted({here.trace[number].task for number in numbers})
    name = task_name(tasks[0], here.ids)
    count = f"... {len(numbers)} private step{'s' if len(numbers) > 1 else ''}"
    if name in names:
        return Row(name, (count,), numbers[-1])
    others = name if len(tasks) == 1 else f"{len(tasks)} others"
    return Row(None, (f"{count} of {others}",), numbers[-1], across=True)


def _step_texts(verb: str, told: list[str], keys: int) -> Iterator[str]:
    for position, text in enumerate(told):
        yield f"{verb if position == 0 else ' '} {text}"
    if keys > len(told):
        yield f"  and {keys - len(told)} private"


def _result_text(result: OtherResult) -> str:
    there = result.sequentially or "no receipt"
    return f"ends with {result.here or 'no receipt'} (sequentially {there})"


class _Sheet:
    """Lays rows out: two columns of numbers, then the lanes, or one list if there are too many."""

    def __init__(self, names: list[str], shares: Mapping[int, float], width: int) -> None:
        self._names = names
        self._shares = shares
        self._width = width
        self._margin = 14 if shares else 6
        room = width - self._margin
        lane = (room + GAP) // max(len(names), 1) - GAP
        self._listed = lane < NARROWEST_LANE
        self._lane = room if self._listed else lane

    def lines(self, rows: list[Row]) -> Iterator[str]:
        """Give the lines of all rows under a heading."""
        fails = "   fails" if self._shares else ""
        names = ["every transaction"] if self._listed else self._names
        heading = (" " * GAP).join(name.ljust(self._lane) for name in names)
        yield f"step{fails}  {heading}".rstrip()
        if 0 in self._shares:
            yield f"{'start':>5}{self._share(0)}".rstrip()
        for row in rows:
            yield from self._row(row)

    def _row(self, row: Row) -> Iterator[str]:
        offset, room = self._offset(row.lane), self._lane
        if row.across:
            offset = max(min(offset, self._width - len(row.texts[0])), self._margin)
            room = self._width - offset
        left = self._numbers(row)
        for text in self._named(row):
            for piece in wrap(text, room, subsequent_indent="    "):
                yield f"{left.ljust(offset)}{piece}"
                left = ""

    def _named(self, row: Row) -> tuple[str, ...]:
        has_lane = row.lane in self._names and not self._listed
        if row.lane is not None and not has_lane and not row.across:
            return (f"{row.lane}: {row.texts[0]}", *row.texts[1:])
        return row.texts

    def _offset(self, lane: str | None) -> int:
        if self._listed or lane not in self._names:
            return self._margin
        return self._margin + self._names.index(lane) * (self._lane + GAP)

    def _numbers(self, row: Row) -> str:
        if row.last is None:
            return ""
        return f"{row.last + 1:>4} {self._share(row.last + 1)}"

    def _share(self, steps: int) -> str:
        return f"{percent_text(self._shares[steps]):>7}" if steps in self._shares else ""
