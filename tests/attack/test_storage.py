"""Storage that fails at any read or write of a block costs that block at most, and is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lockstep.run.stores import RocksStores, open_stores
from lockstep.targets.named import BUILT_IN
from lockstep_ledger.block import Block
from lockstep_ledger.model import Address, Multisig
from lockstep_ledger.outcome import Changes, Outcome
from lockstep_ledger.storage.access import ACCESS_MODES
from lockstep_ledger.storage.protocol import Reader, Storage, StorageError
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.attack.storage import EXECUTORS, STORAGES, Attacked, Counts, attack
from tests.harness.faulty_executors import PassesErrorsOver

BLOCKS = 6


@contextmanager
def stores_of(storage: str) -> Iterator[RocksStores | None]:
    if storage == "memory":
        yield None
        return
    with open_stores(storage) as stores:
        assert isinstance(stores, RocksStores)
        yield stores


def attacked(build: Callable[..., Executor], storage: str, access: str = "shared") -> Counts:
    with stores_of(storage) as rocks:
        return attack(Attacked(build, rocks, access=access), "quick", BLOCKS)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_block_is_right_or_told_to_have_failed_and_the_next_one_goes_on(
    executor: str, storage: str
) -> None:
    counts = attacked(BUILT_IN[executor], storage)
    assert counts.is_clean, (counts.lost, counts.wrong)
    assert counts.tried == counts.right + counts.told > 60
    assert counts.told > 40


@pytest.mark.parametrize("access", ACCESS_MODES)
def test_so_it_is_in_every_access_mode(access: str) -> None:
    assert attacked(Batched, "rocksdb", access).is_clean


# What does not stand it.


class ErrorsAreNoMultisig(BlockState):
    """A state that takes an account whose multisig it cannot read for one without."""

    def stored_multisig(self, address: Address) -> Multisig | None:
        try:
            return super().stored_multisig(address)
        except StorageError:
            return None


class TakesErrorsForNone(Batched):
    """An executor with such a state."""

    state_class = ErrorsAreNoMultisig


class MergesTwice(Batched):
    """Writes the height of a block first, and what else it changes then."""

    def merge(self, changes: Changes, storage: Storage, topoheight: int) -> None:
        """Merge the height, take it back, merge all."""
        storage.merge(Changes(height=changes.height), topoheight)
        storage.rewind(topoheight - 1)
        super().merge(changes, storage, topoheight)


class NeverRecovers(Batched):
    """Keeps failing once storage has failed."""

    failed = False

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        """Execute, if nothing ever failed."""
        if self.failed:
            raise RuntimeError("not after what happened")
        outcome = super().execute(block, storage, driver)
        self.failed = bool(outcome.faults)
        return outcome


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize(
    ("executor", "found"),
    [
        (TakesErrorsForNone, "wrong"),
        (MergesTwice, "lost"),
        (PassesErrorsOver, "lost"),
        (NeverRecovers, "wrong"),
    ],
)
def test_an_executor_that_does_not_stand_it_is_found(
    executor: type[Batched], found: str, storage: str
) -> None:
    assert getattr(attacked(executor, storage), found)
