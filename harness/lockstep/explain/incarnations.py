"""The incarnations of a speculatively executed block, and what is wrong with the last of each.

Invariant: everything here is a fact about one execution; what the executor meant is not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lockstep.explain.observe import ObservedBlock, Touch
from lockstep.explain.speculation import SCHEDULER, Seen, is_read_of_state, seen_below
from lockstep_parallel.executors.optimistic.chain import Estimate, Snapshot, Version
from lockstep_parallel.executors.optimistic.memory import Executed, Published
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM
from lockstep_parallel.steps.ops import Key

_SPECULATIVE = frozenset({"record", SCHEDULER[0]})
"""What is touched by every incarnation that comes to its end, and by nothing else."""


@dataclass(frozen=True, slots=True)
class SeenRead:
    """A read of an incarnation: where, in which step, what it saw."""

    location: Key
    step: int
    seen: Seen


@dataclass(slots=True)
class Incarnation:
    """One run of a transaction to its end, published in step ``published``.

    ``valid`` are the steps in which it was found valid. ``by_worker`` tells that validations are
    steps; where the tasks are the transactions they happen between rounds.
    """

    version: Version
    record: Executed
    reads: tuple[SeenRead, ...]
    published: int
    by_worker: bool
    valid: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stale:
    """A last incarnation's ``read`` that would see ``now`` at the end.

    ``missed`` is the incarnation that wrote that, the highest of several; None if what was read had
    been written by one that was taken back.
    """

    reader: Incarnation
    read: SeenRead
    now: Seen
    missed: Incarnation | None

    @property
    def recorded(self) -> bool:
        """Tell whether the read set of the incarnation has the read."""
        return self.read.location in self.reader.record.reads

    @property
    def found_valid(self) -> bool:
        """Tell whether it was found valid after the write that it did not see."""
        missed = self.read.step if self.missed is None else self.missed.published
        return any(step > missed for step in self.reader.valid)


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Entries of ``version``, aborted, where ``last``, a later incarnation, does not write."""

    version: Version
    last: Incarnation
    locations: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A ``transaction`` that was not executed to its end, or not again after its ``last`` abort.

    ``waited_for`` is the transaction whose estimate it then came upon.
    """

    transaction: int
    last: Incarnation | None
    waited_for: int | None


def incarnations_of(block: ObservedBlock) -> list[Incarnation]:
    """Return the incarnations in the order in which they were published.

    Of an executor that does not speculate there are none.
    """
    reads: dict[tuple[int, int], list[SeenRead]] = {}
    found: list[Incarnation] = []
    judged: dict[int, int] = {}
    by_number: dict[int, list[Touch]] = {}
    for touch in block.touches:
        by_number.setdefault(touch.number, []).append(touch)
    for number, step in enumerate(block.trace):
        worker = step.round, step.task
        touches = by_number.get(number, [])
        if SCHEDULER in step.operation.keys:
            reads.pop(worker, None)
            _note_verdict(step.operation.label, judged.pop(step.task, None), number, found)
        elif is_read_of_state(step) and touches[0].held is not None:
            index = touches[0].index
            if index is not None:
                seen = seen_below(touches[0].held, index)
                reads.setdefault(worker, []).append(SeenRead(touches[0].location, number, seen))
        for touch in touches:
            if touch.location[0] == "record" and isinstance(touch.value, Published):
                if not touch.writes:
                    judged[step.task] = touch.value.version.transaction
                    continue
                seen_reads = tuple(reads.pop(worker, ()))
                version, record = touch.value.version, touch.value.record
                by_worker = step.task >= WORKERS_FROM
                found.append(Incarnation(version, record, seen_reads, number, by_worker))
    return found


def _note_verdict(label: str, index: int | None, number: int, found: list[Incarnation]) -> None:
    if label == "valid" and index is not None:
        latest = next(each for each in reversed(found) if each.version.transaction == index)
        latest.valid.append(number)


def given_up(block: ObservedBlock) -> bool:
    """Tell whether a speculation ended without its block: the last round has no step of it."""
    last = max((step.round for step in block.trace), default=0)
    steps = [step for step in block.trace if step.round == last]
    speculates = any(key[0] in _SPECULATIVE for step in steps for key in step.operation.keys)
    return bool(incarnations_of(block)) and not speculates


def last_of_each(incarnations: list[Incarnation]) -> dict[int, Incarnation]:
    """Return the last incarnation of every transaction, in block order."""
    last = {each.version.transaction: each for each in incarnations}
    return dict(sorted(last.items()))


def final_memory(block: ObservedBlock) -> dict[Key, Snapshot]:
    """Return what every location held when it was last touched."""
    return {touch.location: touch.held for touch in block.touches if touch.held is not None}


def stale_reads(block: ObservedBlock) -> Iterator[Stale]:
    """Give the reads of last incarnations that would see another value at the end."""
    incarnations = incarnations_of(block)
    final = final_memory(block)
    for reader in last_of_each(incarnations).values():
        for read in reversed(reader.reads):
            now = _at_the_end(final[read.location], reader.version.transaction, read)
            if now.estimate is None and now.value != read.seen.value:
                missed = [each for each in incarnations if each.version in now.writers[:1]]
                yield Stale(reader, read, now, missed[0] if missed else None)


def _at_the_end(held: Snapshot, index: int, read: SeenRead) -> Seen:
    now = seen_below(held, index)
    if now.writers or now.estimate is not None or read.seen.writers:
        return now
    return read.seen


def left_behind(block: ObservedBlock) -> Iterator[LeftBehind]:
    """Give what aborted incarnations have left where the last ones do not write."""
    last = last_of_each(incarnations_of(block))
    found: dict[Version, list[Key]] = {}
    for location, held in final_memory(block).items():
        for entry in held.chain.entries:
            own = last.get(entry.version.transaction)
            if own is not None and location not in own.record.writes:
                found.setdefault(entry.version, []).append(location)
    for version, locations in sorted(found.items()):
        yield LeftBehind(version, last[version.transaction], tuple(locations))


def abandoned(block: ObservedBlock) -> Iterator[Abandoned]:
    """Give the transactions that end as an estimate, and those that waited and never ended."""
    final = final_memory(block)
    ended = last_of_each(incarnations_of(block))
    for index in range(len(block.ids)):
        last = ended.get(index)
        waited_for = _waited_for(block, index, -1 if last is None else last.published)
        if waited_for is not None if last is None else _is_estimate(last, final):
            yield Abandoned(index, last, waited_for)


def _is_estimate(last: Incarnation, final: dict[Key, Snapshot]) -> bool:
    """Tell whether what an incarnation wrote is an estimate at the end."""
    return any(
        isinstance(entry, Estimate) and entry.version == last.version
        for location in last.record.writes
        if location in final
        for entry in final[location].chain.entries
    )


def _waited_for(block: ObservedBlock, index: int, after: int) -> int | None:
    """Return whose estimate a worker came upon that then waited, if only ``index`` can have."""
    latest: dict[int, Touch] = {}
    indices = range(len(block.ids))
    for touch in block.touches:
        task = block.trace[touch.number].task
        if touch.location == SCHEDULER:
            read = latest.pop(task, None)
            if touch.address[1] == "wait" and read is not None and touch.number > after:
                assert read.held is not None
                below = {each: seen_below(read.held, each).estimate for each in indices}
                stopped = [each for each, estimate in below.items() if estimate is not None]
                estimate = below[index]
                if stopped == [index] and estimate is not None:
                    return estimate.transaction
        elif touch.held is not None and not touch.writes:
            latest[task] = touch
    return None
