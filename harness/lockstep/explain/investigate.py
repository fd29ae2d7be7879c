"""Finds the race in a failing case: runs it under its schedule and sequentially, and compares.

Invariant: only steps that both runs took are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lockstep.case.deviation import Deviation
from lockstep.case.values import Case
from lockstep.explain.observe import Observed, ObservedBlock, Touch, observe
from lockstep.explain.race import LostUpdate, OtherRead, OtherResult, Race, Reversal, by_step
from lockstep.run.result import BlockRun
from lockstep.targets.steered import SteeredLane
from lockstep_ledger.outcome import Outcome
from lockstep_parallel.steps.ops import Key, Kind


@dataclass(frozen=True, slots=True)
class Investigation:
    """A case run under ``schedule`` and sequentially.

    ``race`` is None unless the case fails under the schedule and not in the sequential order.
    """

    schedule: tuple[Deviation, ...]
    failing: Observed
    sequential: Observed
    race: Race | None


def investigate_race(lane: SteeredLane, case: Case, schedule: Sequence[Deviation]) -> Investigation:
    """Run ``case`` both ways and compare the block that it fails in."""
    failing, sequential = observe(lane, case, schedule), observe(lane, case, ())
    is_race = failing.run.verdict.is_failure and not sequential.run.verdict.is_failure
    race = _race_of(failing, sequential) if is_race else None
    return Investigation(tuple(schedule), failing, sequential, race)


def _race_of(failing: Observed, sequential: Observed) -> Race:
    number = len(failing.blocks) - 1
    here, there = failing.blocks[number], sequential.blocks[number]
    return Race(
        block=number,
        reversals=tuple(_reversals(here, there)),
        reads=tuple(_reads(here, there)),
        lost_updates=tuple(_lost_updates(here.touches, there.touches)),
        results=tuple(_results(_executed(failing)[number], _executed(sequential)[number])),
        here=here,
        sequentially=there,
        earlier=failing.blocks[:number],
    )


def _executed(observed: Observed) -> list[BlockRun]:
    """Return the blocks that were driven: those of the sequential path have no steps."""
    return [block for block in observed.run.blocks if block.executions]


def _by_location(touches: Sequence[Touch]) -> dict[Key, list[Touch]]:
    found: dict[Key, list[Touch]] = {}
    for touch in touches:
        found.setdefault(touch.location, []).append(touch)
    return found


def _reversals(here: ObservedBlock, there: ObservedBlock) -> Iterator[Reversal]:
    numbers = {step: touch.number for step, touch in by_step(there).items()}
    found = []
    for location, touches in _by_location(here.touches).items():
        known = [each for each in touches if (each.address, location) in numbers]
        for later, second in enumerate(known):
            for first in known[:later]:
                if not _compete(first, second):
                    continue
                order = numbers[first.address, location], numbers[second.address, location]
                if order[0] > order[1]:
                    steps = (first.number, second.number)
                    found.append(Reversal(location, first, second, steps, order))
    yield from sorted(found, key=lambda each: (each.here[1], each.here[0]))


def _compete(first: Touch, second: Touch) -> bool:
    if first.transaction == second.transaction:
        return False
    return first.kind is not second.kind or first.kind is Kind.WRITE


def _reads(here: ObservedBlock, there: ObservedBlock) -> Iterator[OtherRead]:
    sequential = by_step(there)
    for touch in here.touches:
        other = sequential.get((touch.address, touch.location))
        if other is None or touch.writes:
            continue
        read = OtherRead(
            transaction=touch.transaction,
            location=touch.location,
            step=touch.address,
            number=touch.number,
            seen=touch.value,
            sequentially=other.value,
            writer=touch.writer,
            sequential_writer=other.writer,
        )
        if read.differs or read.writer != read.sequential_writer:
            yield read


def _lost_updates(here: Sequence[Touch], there: Sequence[Touch]) -> Iterator[LostUpdate]:
    """Give the writes over what had not been read, of locations that end otherwise for it."""
    sequential = _by_location(there)
    for location, touches in _by_location(here).items():
        end, sequential_end = _end(touches), _end(sequential.get(location, []))
        if end is None or sequential_end is None or end.value == sequential_end.value:
            continue
        for position, over in enumerate(touches):
            if over.writes and (gap := _unread(touches[:position], over.transaction)):
                read, lost = gap
                yield LostUpdate(location, read, lost, over, end.value, sequential_end.value)


def _end(touches: Sequence[Touch]) -> Touch | None:
    return next((each for each in reversed(touches) if each.writes), None)


def _unread(before: Sequence[Touch], transaction: str) -> tuple[Touch, Touch] | None:
    """Return the transaction's latest read and the latest write by another since, if any."""
    own = [each for each in before if each.transaction == transaction]
    write = _end(before)
    if not own or own[-1].writes or write is None or write.number < own[-1].number:
        return None
    return own[-1], write


def _results(here: BlockRun, there: BlockRun) -> Iterator[OtherResult]:
    left, right = _codes(here.actual), _codes(there.actual)
    for index, transaction in enumerate(here.ids):
        if left.get(index) != right.get(index):
            yield OtherResult(transaction, left.get(index), right.get(index))


def _codes(outcome: Outcome | None) -> dict[int, str]:
    if outcome is None:
        return {}
    return {each.index: each.code.name for each in outcome.receipts}
