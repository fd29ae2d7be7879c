"""A node commits what the reference says whenever it knows better, and can take blocks back."""

from __future__ import annotations

import pytest

from lockstep.case.realise import realise
from lockstep.devnet.node import Applied, Node
from lockstep.devnet.rollout import Path, Rollout
from lockstep.devnet.traffic import block_at, genesis
from lockstep.run.expected import ExpectedChain
from lockstep.targets.canary import Canary
from lockstep.targets.inside import Driven
from lockstep_ledger.block import Block
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.protocol import Driver, Hang
from lockstep_parallel.steps.drivers.scheduled import Scheduled

SCHEME = SCHEMES["keyed-hash"]
PARALLEL = Rollout(enabled=True, threshold=1)
TEST_MODE = Rollout(enabled=True, threshold=1, test_mode=True)


class Crashes(Batched):
    """Raises on every block."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        raise RuntimeError("out of order")


class Hangs(Batched):
    """Never ends."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        raise Hang("nothing can run")


def run_chain(
    executor: Executor, rollout: Rollout
) -> tuple[list[Applied], Node[Driver], ExpectedChain]:
    driven = Driven(executor)
    node = Node(MemoryStorage(genesis()), driven, Scheduled(), rollout, "keyed-hash")
    expected = ExpectedChain(genesis(), "keyed-hash")
    applied = []
    for number in range(6):
        step = block_at("node", number, expected.newest, 8)
        expected.extend(realise(step, "keyed-hash"))
        applied.append(node.apply(step))
    return applied, node, expected


@pytest.mark.parametrize("rollout", [PARALLEL, TEST_MODE, Rollout(enabled=False, threshold=0)])
def test_a_correct_executor_gives_the_chain_of_the_reference_on_every_path(
    rollout: Rollout,
) -> None:
    applied, node, expected = run_chain(Batched(SCHEME), rollout)
    assert node.storage.export() == expected.newest
    assert not any(each.differences for each in applied)
    assert [each.topoheight for each in applied] == [1, 2, 3, 4, 5, 6]


def test_in_test_mode_a_wrong_executor_is_found_and_the_reference_committed() -> None:
    applied, node, expected = run_chain(Canary(SCHEME), TEST_MODE)
    assert any(each.differences for each in applied)
    assert node.storage.export() == expected.newest


def test_on_the_parallel_path_alone_a_wrong_executor_is_committed() -> None:
    applied, node, expected = run_chain(Canary(SCHEME), PARALLEL)
    assert not any(each.differences for each in applied)
    assert node.storage.export() != expected.newest


@pytest.mark.parametrize(("broken", "word"), [(Crashes, "RuntimeError"), (Hangs, "hang")])
def test_a_block_on_which_the_executor_breaks_is_executed_sequentially(
    broken: type[Batched], word: str
) -> None:
    applied, node, expected = run_chain(broken(SCHEME), PARALLEL)
    tried = [each for each in applied if each.path is Path.PARALLEL]
    assert tried
    assert {each.differences[0].where for each in tried} == {word}
    assert node.storage.export() == expected.newest


def test_a_rewind_takes_back_exactly_the_newest_blocks() -> None:
    _, node, expected = run_chain(Batched(SCHEME), PARALLEL)
    node.rewind(4)
    assert node.storage.export() == expected.rewind(4)
    assert node.storage.topoheight == 2
