"""Executors with a race that no step announces, and two of them with the same race announced.

Each touches what it shares in the ordinary way of its language, past the tables that would notice.
"""

from __future__ import annotations

from typing import ClassVar

from lockstep_ledger.block import Block
from lockstep_ledger.model import NATIVE, Transaction, Transfers
from lockstep_ledger.outcome import Code
from lockstep_mutants.races import receivers
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.rules.access import AccessList
from lockstep_parallel.rules.overlay import Overlay
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Crash, Driver, Task
from lockstep_parallel.steps.ops import Key, Kind, op


class ToldAsTheyEnd(Batched):
    """The results of a batch are told in the order in which its transactions end."""

    announced = False

    def run_batch(
        self, batch: range, block: Block, state: BlockState, driver: Driver
    ) -> list[Result]:
        ended: list[Result] = []

        async def noted(index: int) -> Code:
            result = await self.transaction(block.transactions[index], state)
            if self.announced:
                await op(Kind.WRITE, (("ended",),), "end")
            ended.append(result)
            return result

        results: list[Result] = [
            *driver.run([Task(index, noted(index)) for index in batch], self.workers)
        ]
        return results if any(isinstance(each, Crash) for each in results) else ended


class ToldAsTheyEndAnnounced(ToldAsTheyEnd):
    announced = True


class _CountsUnseen(BlockState):
    """Reads the burned counter in one step and writes the sum in another."""

    announced = False

    async def publish(self, overlay: Overlay) -> None:
        burning, overlay.burning = overlay.burning, 0
        if burning:
            await self.step(Kind.READ, "count")
            counted = self.burned._value
            await self.step(Kind.WRITE, "counted")
            self.burned._value = counted + burning
        await super().publish(overlay)

    async def step(self, kind: Kind, label: str) -> None:
        await op(kind, self.burned.keys if self.announced else (), label)


class _CountsSeen(_CountsUnseen):
    announced = True


class CountsUnseen(Batched):
    """Two burns of one batch may count at once, in steps that name nothing."""

    state_class: ClassVar[type[BlockState]] = _CountsUnseen


class CountsUnseenAnnounced(CountsUnseen):
    state_class = _CountsSeen


class _PaysUnseen(BlockState):
    """Publishes balances and accounts past the tables that would notice."""

    def written_keys(self, overlay: Overlay) -> tuple[Key, ...]:
        keys = super().written_keys(overlay)
        return tuple(key for key in keys if key[0] not in ("balance", "exists"))

    def write_balances(self, overlay: Overlay) -> None:
        dict.update(self.balances.values, overlay.balances.writes)

    def write_existence(self, overlay: Overlay) -> None:
        dict.update(self.existence.values, overlay.existence.writes)


class PaysUnseen(Batched):
    """Forgets that receivers conflict, and announces nothing of them that it publishes."""

    state_class = _PaysUnseen

    def access_lists(self, block: Block, state: BlockState) -> list[AccessList]:
        return [
            access - receivers(envelope, 0)
            for access, envelope in zip(
                super().access_lists(block, state), block.transactions, strict=True
            )
        ]


class AsksUnseen(Batched):
    """A transfer fails if one that ended before it in the batch had the same amount."""

    def run_batch(
        self, batch: range, block: Block, state: BlockState, driver: Driver
    ) -> list[Result]:
        paid: set[int] = set()

        async def asking(index: int) -> Code:
            content = block.transactions[index].content
            code = await self.transaction(block.transactions[index], state)
            if isinstance(content, Transaction) and isinstance(content.payload, Transfers):
                amounts = {each.amount for each in content.payload.outputs if each.asset == NATIVE}
                if amounts & paid and index == batch.start:
                    return Code.INSUFFICIENT_BALANCE
                paid.update(amounts)
            return code

        return [*driver.run([Task(index, asking(index)) for index in batch], self.workers)]


class CountsInItsClass(Batched):
    """The second transaction of a batch to end fails if it is the first of them."""

    ended = 0

    def run_batch(
        self, batch: range, block: Block, state: BlockState, driver: Driver
    ) -> list[Result]:
        self.begin()

        async def counting(index: int) -> Code:
            code = await self.transaction(block.transactions[index], state)
            last = self.count()
            return Code.INSUFFICIENT_BALANCE if last > 1 and index == batch.start else code

        return [*driver.run([Task(index, counting(index)) for index in batch], self.workers)]

    def begin(self) -> None:
        CountsInItsClass.ended = 0

    def count(self) -> int:
        CountsInItsClass.ended += 1
        return CountsInItsClass.ended


ENDED = [0]


class CountsInItsModule(CountsInItsClass):
    """The same, counted in a list of this module."""

    def begin(self) -> None:
        ENDED[0] = 0

    def count(self) -> int:
        ENDED[0] += 1
        return ENDED[0]
