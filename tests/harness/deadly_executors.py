"""Executors that do to their process what no exception tells of, each on blocks of some size."""

from __future__ import annotations

import ctypes
import os
import time
from contextlib import suppress
from typing import NoReturn

from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver

MANY = 5


class Ending(Batched):
    """Ends the process, as if all were well, on blocks of many transactions."""

    name = "ending"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        if len(block.transactions) >= MANY:
            os._exit(0)
        return super().execute(block, storage, driver)


class Segfault(Batched):
    """Reads what is nowhere on blocks of many transactions."""

    name = "segfault"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        if len(block.transactions) >= MANY:
            ctypes.string_at(0)
        return super().execute(block, storage, driver)


class EndingAlways(Batched):
    """Ends the process on every block."""

    name = "ending-always"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> NoReturn:
        os._exit(7)


class Looping(Batched):
    """Never comes back from blocks of many transactions."""

    name = "looping"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        while len(block.transactions) >= MANY:
            pass
        return super().execute(block, storage, driver)


class LoopingAlways(Batched):
    """Never comes back."""

    name = "looping-always"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> NoReturn:
        while True:
            pass


class Swallowing(Batched):
    """Never comes back, and takes the first exception that is to end it for nothing."""

    name = "swallowing"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> NoReturn:
        try:
            while True:
                pass
        except BaseException:
            while True:
                pass


class Interrupting(Batched):
    """Raises what Ctrl-C does on blocks of many transactions."""

    name = "interrupting"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        if len(block.transactions) >= MANY:
            raise KeyboardInterrupt
        return super().execute(block, storage, driver)


class Closing(Batched):
    """Closes files that are not its own on blocks of many transactions."""

    name = "closing"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        if len(block.transactions) >= MANY:
            os.closerange(3, 200)
        return super().execute(block, storage, driver)


class Deaf(Batched):
    """Never comes back, and takes every exception for nothing."""

    name = "deaf"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> NoReturn:
        while True:
            with suppress(BaseException):
                while True:
                    pass


class Slow(Batched):
    """Right, and takes a third of a second a block."""

    name = "slow"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        time.sleep(0.3)
        return super().execute(block, storage, driver)
