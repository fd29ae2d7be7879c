"""Executors with a flaw on purpose, each for one verdict or one complaint of the command line."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import NoReturn

from lockstep.verdict import NoOutcome, Verdict
from lockstep_ledger.block import Block, Envelope
from lockstep_ledger.model import Burn
from lockstep_ledger.outcome import Changes, Code, Outcome
from lockstep_ledger.signatures import Scheme
from lockstep_ledger.storage.protocol import Reader, Storage, StorageError
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Driver, Hang
from lockstep_parallel.steps.ops import Kind, op


class OneFeeTooMany(Batched):
    """Diverges: it reports a fee that nobody paid."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        outcome = super().execute(block, storage, driver)
        return replace(outcome, fees=outcome.fees + 1)


class Crashing(Batched):
    """Raises as soon as it is given a block."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> NoReturn:
        raise RuntimeError("the executor gave up\nin two lines")


class Refusing(Batched):
    """Cannot be asked for any block."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> NoReturn:
        raise NoOutcome.because(Verdict.UNSUPPORTED, "payloads", "every one of them")


class RefusingBurns(Batched):
    """Cannot be asked for a block with a burn."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        contents = (each.content for each in block.transactions)
        if any(isinstance(getattr(each, "payload", None), Burn) for each in contents):
            raise NoOutcome.because(Verdict.UNSUPPORTED, "payloads", "burn")
        return super().execute(block, storage, driver)


class CrashingTask(Batched):
    """Raises inside every transaction."""

    async def transaction(self, envelope: Envelope, state: BlockState) -> Code:
        raise ZeroDivisionError("inside a transaction")


class Waiting(Batched):
    """Waits in every transaction for something that never comes."""

    async def transaction(self, envelope: Envelope, state: BlockState) -> Code:
        await op(Kind.READ, (("never",),), "never", lambda: False)
        return await super().transaction(envelope, state)


class Spinning(Batched):
    """Takes steps without end in every transaction."""

    async def transaction(self, envelope: Envelope, state: BlockState) -> Code:
        while True:
            await op(Kind.READ, (("again",),), "again")


class Forgetful(Batched):
    """Answers well, but its merge drops the nonces."""

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        storage.merge(replace(changes, modified_nonces={}), topoheight)


class Idle(Batched):
    """Answers well and merges nothing at all."""

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Leave the storage alone."""


class BrokenMerge(Batched):
    """Answers well, but its merge raises."""

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> NoReturn:
        raise RuntimeError("no merge today")


class PassesErrorsOver(Batched):
    """Takes a merge that storage refused for one that it did."""

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Merge, whatever comes of it."""
        try:
            super().merge(changes, storage, topoheight)
        except StorageError:
            return


class Silent(Batched):
    """Answers nothing."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        super().execute(block, storage, driver)
        return None  # type: ignore[return-value]


class IllTyped(Batched):
    """Answers with an outcome that has no changes."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        outcome = super().execute(block, storage, driver)
        return replace(outcome, changes=None)  # type: ignore[arg-type]


class Exiting(Batched):
    """Ends the program when it is given a block."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> NoReturn:
        sys.exit(0)


class ExitingMerge(Batched):
    """Answers well, but its merge ends the program."""

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> NoReturn:
        sys.exit(0)


class Unbuildable:
    """Cannot be built."""

    def __init__(self, scheme: Scheme, workers: int) -> None:
        raise ValueError(f"no {workers} workers for {scheme.name}")


class Empty:
    """Has none of the methods of an executor."""

    def __init__(self, scheme: Scheme, workers: int) -> None:
        """Take anything."""


class NowAndThenCrashing(Batched):
    """Crashes on blocks of five transactions or more."""

    name = "now-and-then-crashing"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        if len(block.transactions) >= 5:
            raise RuntimeError("too many")
        return super().execute(block, storage, driver)


class NowAndThenWaiting(Batched):
    """Hangs on blocks of five transactions or more."""

    name = "now-and-then-waiting"

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        if len(block.transactions) >= 5:
            raise Hang("nothing can run")
        return super().execute(block, storage, driver)
