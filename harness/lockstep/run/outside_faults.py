"""Faults from outside, put upon one block: a merge that dies, reads that fail, an onlooker.

Invariant: what a fault does is decided by the case alone, and what the block must give under it is
worked out by the reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from lockstep.compare.states import compare_states
from lockstep.run.unreadable import UnreadableError
from lockstep.verdict import Difference
from lockstep_ledger.block import Block
from lockstep_ledger.model import Policy, State
from lockstep_ledger.outcome import NO_CHANGES, Fault, Outcome, Rejection
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import OwnedStorage, Reader, StorageError
from lockstep_parallel.steps.drivers.scheduled import Pending, Scheduled
from lockstep_reference import block as reference

UNREADABLE = "storage could not read what it needs"
"""What every fault of a failing read says where both sides are compared."""


class Died(BaseException):
    """The process ended here; nothing that catches errors may go on."""


# A merge that dies.


@contextmanager
def dying(storage: OwnedStorage, after: int) -> Iterator[list[str]]:
    """Let the writes of ``storage`` die after so many; give the list of those that came to it."""
    writes: list[str] = []

    def before_write(operation: str) -> None:
        writes.append(operation)
        if len(writes) > after:
            raise Died(operation)

    storage.before_write = before_write
    try:
        yield writes
    finally:
        storage.before_write = None


# A merge that fails.


@contextmanager
def failing(storage: OwnedStorage) -> Iterator[list[str]]:
    """Let every write of ``storage`` fail; give the list of those that came to it."""
    writes: list[str] = []

    def before_write(operation: str) -> None:
        writes.append(operation)
        raise StorageError(f"no space left: {operation} is not written")

    storage.before_write = before_write
    try:
        yield writes
    finally:
        storage.before_write = None


# Reads that fail.


@dataclass(frozen=True, slots=True)
class Expected:
    """What a block must give where some of it cannot be read.

    If the block's own terms cannot be read, it ``may_raise``: it must, unless there is an
    ``outcome`` that does not need them.
    """

    outcome: Outcome | None
    may_raise: bool = False


def expected_of_the_others(block: Block, reader: Reader, scheme: Scheme) -> Expected:
    """Return what ``block`` must give where ``reader`` fails on what some transactions need.

    Each of those has a fault and no effect, and the others are as if it were not there; an atomic
    block ends with it and changes nothing.
    """
    try:
        kept, crashed = _told_apart(block, reader, scheme)
    except UnreadableError:
        return Expected(None, may_raise=True)
    broken = bool(crashed) and block.policy is Policy.ATOMIC
    judged = _only(_without_an_end(block) if broken else block, kept)
    try:
        outcome = reference.execute(judged, reader, scheme)
    except UnreadableError:
        # A block that overflows has no fees to pay.
        outcome = reference.execute(replace(judged, fees_to=None), reader, scheme)
        if outcome.rejection is None:
            return Expected(None, may_raise=True)
        return Expected(_told(outcome, kept, crashed, broken), may_raise=True)
    return Expected(_told(outcome, kept, crashed, broken))


def _told(outcome: Outcome, kept: Sequence[int], crashed: Sequence[int], broken: bool) -> Outcome:
    """Return the outcome of those ``kept`` as one of the whole block."""
    return replace(
        outcome,
        receipts=tuple(replace(each, index=kept[each.index]) for each in outcome.receipts),
        changes=NO_CHANGES if broken else outcome.changes,
        fees=0 if broken else outcome.fees,
        rejection=_moved(outcome.rejection, kept),
        faults=tuple(Fault(index, UNREADABLE) for index in crashed),
    )


def with_faults_alike(outcome: Outcome) -> Outcome:
    """Return an executor's ``outcome`` with all faults told in the same words."""
    return replace(outcome, faults=tuple(Fault(each.index, UNREADABLE) for each in outcome.faults))


def _told_apart(block: Block, reader: Reader, scheme: Scheme) -> tuple[list[int], list[int]]:
    """Return who can be executed, and who comes upon what cannot be read, in block order."""
    kept: list[int] = []
    crashed: list[int] = []
    begun = _without_an_end(block)
    reference.execute(_only(begun, kept), reader, scheme)
    for index in range(len(block.transactions)):
        try:
            reference.execute(_only(begun, [*kept, index]), reader, scheme)
        except UnreadableError:
            crashed.append(index)
            if block.policy is Policy.ATOMIC:
                break
        else:
            kept.append(index)
    return kept, crashed


def _without_an_end(block: Block) -> Block:
    """Return ``block`` with nothing to do after its last transaction."""
    return replace(block, fees_to=None, advances_height=False)


def _moved(rejection: Rejection | None, kept: Sequence[int]) -> Rejection | None:
    if rejection is None or rejection.index is None:
        return rejection
    return replace(rejection, index=kept[rejection.index])


def _only(block: Block, kept: Sequence[int]) -> Block:
    return replace(block, transactions=tuple(block.transactions[index] for index in kept))


# An onlooker.


class Watcher:
    """Reads all of ``storage`` again and again; ``seen`` is how the first odd look differed."""

    def __init__(self, storage: OwnedStorage, expected: State) -> None:
        self._storage = storage
        self._expected = expected
        self.seen: tuple[Difference, ...] = ()

    def look(self) -> None:
        """Compare what is stored now with what is to be seen as long as the block is not merged."""
        if not self.seen:
            found = compare_states(self._expected, self._storage.export())
            self.seen = tuple(replace(each, field="state seen") for each in found)

    def beside(self, driver: object) -> None:
        """Look before every step of ``driver``, if it takes its steps one at a time."""
        if not isinstance(driver, Scheduled):
            return
        choose = driver.choose

        def choose_seen(runnable: Sequence[Pending]) -> int:
            self.look()
            return choose(runnable)

        driver.choose = choose_seen

    @contextmanager
    def before_writes(self) -> Iterator[None]:
        """Look before every write."""
        self._storage.before_write = lambda _operation: self.look()
        try:
            yield
        finally:
            self._storage.before_write = None
