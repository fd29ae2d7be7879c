"""Turns: each transaction of a block waits for those it must follow, and says when it has ended.

Invariant: what a waiting transaction looks at is named by its announcement, and a transaction's end
is announced as well, so a turn is a step like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lockstep_parallel.rules.access import AccessList, Credit
from lockstep_parallel.steps.ops import Kind, op
from lockstep_parallel.steps.tables import Cell, Table

NOBODY: Final = 1 << 62
"""Stands for the lowest failure while there is none; above every index."""

Predecessors = tuple[int, ...]
"""The transactions that one follows directly, in block order."""


def predecessors(accesses: Iterable[AccessList]) -> list[Predecessors]:
    """Queue the transactions up at every account and return whom each finds before itself.

    At one account that is the last to take it alone or, for one that takes it alone, all that have
    credited it since; who stands further up front has ended before these can.
    """
    owners: dict[bytes, int] = {}
    creditors: dict[bytes, list[int]] = {}
    found: list[Predecessors] = []
    for index, access in enumerate(accesses):
        before: set[int] = set()
        for each in access:
            account = each.receiver if isinstance(each, Credit) else each
            if account in owners:
                before.add(owners[account])
            if isinstance(each, Credit):
                creditors.setdefault(account, []).append(index)
            else:
                before.update(creditors.pop(account, ()))
                owners[account] = index
        found.append(tuple(sorted(before)))
    return found


def longest_queue(queues: Sequence[Predecessors]) -> int:
    """Return how many transactions follow one another at most: the critical path of the block."""
    depths: list[int] = []
    for before in queues:
        depths.append(1 + max((depths[each] for each in before), default=0))
    return max(depths, default=0)


class Turns:
    """Who has ended and, where failures are ``final``, which is the lowest that failed."""

    def __init__(self, queues: Sequence[Predecessors], *, final: bool) -> None:
        self.queues = queues
        self.final = final
        self.done: Table[int, bool] = Table("done")
        self.failed: Cell[int] = Cell("failed", NOBODY)

    async def wait(self, index: int) -> int:
        """Wait for one's turn and return the lowest failure known by then.

        Two steps, each taken only if there is something to wait for or to look at. A guarded step
        touches no more than its guard reads: when it can be taken, its guard alone must tell.
        """
        before = self.queues[index]
        if before:
            keys = tuple(self.done.key(each) for each in before)
            await op(Kind.READ, keys, "start", lambda: self.ended(before))
        return await self.failed.read("failed") if self.final else NOBODY

    def ended(self, before: Predecessors) -> bool:
        """Tell whether all of ``before`` have ended."""
        return all(each in self.done.values for each in before)

    async def fail(self, index: int) -> None:
        """Note a failure; whoever fails first in time, the lowest index counts."""
        if self.final:
            await self.failed.update(lambda lowest: min(lowest, index), "fail", Kind.ADD)

    async def end(self, index: int) -> None:
        """Let those that follow go on."""
        await self.done.put(index, True, "done")
