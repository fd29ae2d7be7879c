"""The optimistic executors with credits that commute: a credit is an addition, which reads nothing.

In the version chain of a balance an addition is an entry of its own. A reader sums up the additions
below itself, down to the first entry that is none, and records the versions of all of them; so one
that comes, changes or goes makes its read invalid. Who only adds has read nothing there, and
nothing that happens there makes it run again.
Invariant: no addition can overflow its receiver, whichever of the block's credits succeed, for
those that might are applied in order as ever.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from lockstep_ledger.block import Block
from lockstep_ledger.model import Address
from lockstep_parallel.executors.credits import CommutingCredits, CreditOverlay, CreditState
from lockstep_parallel.executors.optimistic.chain import (
    BASE,
    Addition,
    Chain,
    Entry,
    Estimate,
    Found,
    Summed,
    Value,
    Written,
)
from lockstep_parallel.executors.optimistic.executor import Optimistic
from lockstep_parallel.executors.optimistic.memory import Location, Memory
from lockstep_parallel.executors.optimistic.rounds import OptimisticByRounds
from lockstep_parallel.executors.optimistic.speculative import Speculative, Work
from lockstep_parallel.executors.optimistic.view import Speculation
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.ops import Kind, op

END: Final = 1 << 62
"""Above every transaction."""


class Seen(NamedTuple):
    """What lies below a transaction: the additions, highest first, and the entry below them."""

    additions: tuple[Written, ...]
    below: Entry | None

    def found(self) -> Found:
        """Return the versions of all that takes part; with no addition, of the one entry."""
        last = BASE if self.below is None else self.below.version
        return (*(each.version for each in self.additions), last) if self.additions else last

    def added(self) -> int:
        """Return the sum of the additions."""
        return sum(each.value.amount for each in self.additions if isinstance(each.value, Addition))


class CreditMemory(Memory):
    """The multi-version memory whose chains may hold additions."""

    async def read(self, location: Location, index: int) -> Entry | Summed | None:
        """Return what transaction ``index`` sees there, additions summed up over what is below."""
        await op(Kind.READ, (location,), str(location[0]))
        seen = self.seen(location, index)
        if not seen.additions or isinstance(seen.below, Estimate):
            return seen.below
        return Summed(seen.found(), self.total(location, seen))

    def seen(self, location: Location, index: int) -> Seen:
        """Return what lies below transaction ``index``; for a step that names ``location``.

        An account that was there before the block stays, so a credit changes nothing about that.
        """
        if location[0] == "exists" and self.base(location):
            return Seen((), None)
        chain = self.chain(location)
        additions: list[Written] = []
        entry = chain.below(index)
        while isinstance(entry, Written) and isinstance(entry.value, Addition):
            additions.append(entry)
            entry = chain.below(entry.version.transaction)
        return Seen(tuple(additions), entry)

    def total(self, location: Location, seen: Seen) -> int:
        """Return the number that additions make of what is below them."""
        start = seen.below.value if isinstance(seen.below, Written) else self.base(location)
        assert isinstance(start, int), "only balances are added to"
        return start + seen.added()

    def is_current(self, index: int, location: Location, found: Found) -> bool:
        """Tell whether a read of ``location`` would still find the same versions."""
        seen = self.seen(location, index)
        return not isinstance(seen.below, Estimate) and seen.found() == found

    def settle(self) -> None:
        """Sum up what is left of additions, then write the last value of every location."""
        for location in list(self._chains):
            seen = self.seen(location, END)
            if seen.additions:
                self._chains[location] = Chain((Written(BASE, self.total(location, seen)),))
        super().settle()


class CreditSpeculation(Speculation):
    """A view that knows whose credits commute, and counts those among what is written."""

    __slots__ = ()

    @property
    def in_order(self) -> frozenset[Address]:
        """The accounts whose credits do not commute."""
        assert isinstance(self.memory.state, CreditState)
        return self.memory.state.in_order

    def writes(self, overlay: Overlay) -> dict[Location, Value]:
        """Return what is staged, by location: writes, and additions, whose receivers exist."""
        assert isinstance(overlay, CreditOverlay)
        found = super().writes(overlay)
        for key, amount in overlay.additions.items():
            found["balance", key] = Addition(amount)
            found["exists", key[0]] = True
        return found


class CommutingSpeculation(CommutingCredits, Speculative):
    """What makes an optimistic executor's credits commute."""

    memory_class = CreditMemory
    speculation_class = CreditSpeculation

    def work(self, block: Block, state: BlockState) -> Work:
        """Return what the tasks share, once it is known whose credits commute."""
        assert isinstance(state, CreditState)
        state.in_order = self.crowded(block.transactions, state)
        return super().work(block, state)


class OptimisticCredits(CommutingSpeculation, Optimistic):
    """The optimistic executor; a credit waits for nobody and aborts readers of the balance only."""

    name = "optimistic-credits"


class OptimisticByRoundsCredits(CommutingSpeculation, OptimisticByRounds):
    """The optimistic executor in rounds, with credits that wait for nobody."""

    name = "optimistic-rounds-credits"
