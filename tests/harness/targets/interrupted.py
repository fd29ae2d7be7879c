"""Executors with something shared that no step is near: lines alone lie between its touches."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from queue import SimpleQueue
from threading import Lock, RLock
from typing import Any

from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Code
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.block_executor import Result
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Driver, Task


class LosesCounts(Batched):
    """Counts the transactions of a batch; a count that is lost fails the first of them."""

    def run_batch(
        self, batch: range, block: Block, state: BlockState, driver: Driver
    ) -> list[Result]:
        self.begin()

        async def counting(index: int) -> Code:
            code = await self.transaction(block.transactions[index], state)
            self.count()
            return code

        results: list[Result] = [
            *driver.run([Task(index, counting(index)) for index in batch], self.workers)
        ]
        if self.counted != len(batch):
            results[0] = Code.INSUFFICIENT_BALANCE
        return results

    def begin(self) -> None:
        self.counted = 0

    def count(self) -> None:
        before = self.counted
        self.counted = before + 1


class CountsUnderALock(LosesCounts):
    """The same under a lock: whoever is switched away holds it."""

    lock: AbstractContextManager[Any] = nullcontext()

    def begin(self) -> None:
        super().begin()
        self.lock = Lock()

    def count(self) -> None:
        with self.lock:
            before = self.counted
            self.counted = before + 1


class CountsUnderALockOfItsOwn(CountsUnderALock):
    """The lock may be taken again by its holder."""

    def begin(self) -> None:
        super().begin()
        self.lock = RLock()

    def count(self) -> None:
        with self.lock:
            super().count()


class CountsBetweenCalls(LosesCounts):
    """The lock is taken and released by calls."""

    def begin(self) -> None:
        super().begin()
        self.lock = Lock()

    def count(self) -> None:
        self.lock.acquire()
        before = self.counted
        self.counted = before + 1
        self.lock.release()


class WaitsInACircle(LosesCounts):
    """Every second transaction takes two locks in the other order."""

    def begin(self) -> None:
        super().begin()
        self.turn = 0
        self.one, self.other = Lock(), Lock()

    def count(self) -> None:
        self.turn += 1
        first, second = (self.one, self.other) if self.turn % 2 else (self.other, self.one)
        with first:
            self.under(second)

    def under(self, second: Lock) -> None:
        with second:
            self.counted += 1


class WaitsOutOfSight(LosesCounts):
    """Waits where no line shows it, with all that a block of one transaction counts."""

    def begin(self) -> None:
        self.counted = 1

    def count(self) -> None:
        SimpleQueue[None]().get()
