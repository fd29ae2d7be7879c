"""Storage that fails at every read and every write of a block, and what becomes of the block.

``python -m tests.attack.storage 30`` does it to so many blocks for every executor, storage and way
of running, prints what became of them, and fails unless each was right or told to have failed, what
is stored was exactly the state before it or after it, and the next block went on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, count, islice, product

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep
from lockstep.generate.mixture import case_at
from lockstep.run.ask import ask, ask_to_merge, judge
from lockstep.run.expected import ExpectedChain
from lockstep.run.stores import RocksStores, open_stores
from lockstep.targets.inside import Driven
from lockstep.targets.named import BUILT_IN
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import NATIVE, State
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.access import ACCESS_MODES, SHARED, open_access
from lockstep_ledger.storage.protocol import OwnedStorage, Reader
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Scheduled
from lockstep_parallel.steps.drivers.threads import Threads
from tests.attack.breaking import PLACES, READS, WRITES, Break, Meter, breaking_store

EXECUTORS = ("batched", "dag", "optimistic", "pipelined")
STORAGES = ("memory", "rocksdb")
SCHEME = "keyed-hash"
MANNERS = ((READS, False), (READS, True), (WRITES, False), (WRITES, True), (PLACES, False))
NEVER = Break(READS, 0)


@dataclass(slots=True)
class Counts:
    """What became of the blocks under which storage failed.

    Of those ``tried``, some were ``right`` and some ``told`` to have failed. ``lost`` are those
    after which something else was stored than the state before or after; ``wrong`` are those that
    were neither right nor told, or whose next block did not go on.
    """

    tried: int = 0
    right: int = 0
    told: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was lost or wrong."""
        return not (self.lost or self.wrong)


@dataclass(frozen=True, slots=True)
class Attacked:
    """What is attacked: how its executor is built, what it is driven by and how it reads."""

    build: Callable[..., Executor]
    rocks: RocksStores | None = None
    driver: Callable[[], Driver] = Scheduled
    access: str = SHARED


def attack(attacked: Attacked, seed: str, blocks: int) -> Counts:
    """Break storage at every operation of so many blocks."""
    counts = Counts()
    for name, state, block in islice(_blocks(seed), blocks):
        met = _Node(attacked, state, block, counts, f"{name} unbroken").live(NEVER)
        for what, for_good in MANNERS:
            for number in range(1, met[what] + 1):
                planted = Break(what, number, for_good)
                _Node(attacked, state, block, counts, f"{name} {planted}").live(planted)
    return counts


def _blocks(seed: str) -> Iterator[tuple[str, State, Block]]:
    """Give the first block of every generated case that has one with transactions."""
    for number in count():
        case = case_at(seed, number, SCHEME)
        step = next((each for each in case.steps if isinstance(each, BlockStep)), None)
        if step is not None and step.transactions:
            yield f"{seed} {number}", case.state, realise(step, SCHEME)


class _Node:
    """Executes and merges one block under a break, then goes on."""

    def __init__(
        self, attacked: Attacked, state: State, block: Block, counts: Counts, name: str
    ) -> None:
        self._attacked = attacked
        self._executor = Driven(attacked.build(SCHEMES[SCHEME], workers=4))
        self._chain = ExpectedChain(state, SCHEME)
        self._block = block
        self._counts = counts
        self._name = name

    def live(self, planted: Break) -> Mapping[str, int]:
        """Live through the break and the block after it; return how much of what was met."""
        meter = Meter()
        with breaking_store(self._chain.newest, meter, self._attacked.rocks) as store:
            with meter.planted(planted):
                told = self._take_block(store)
                met = dict(meter.met)
            if planted is not NEVER:
                self._counts.tried += 1
                self._counts.told += told is not None
                self._counts.right += told is None
            elif told is not None:
                self._counts.wrong.append(f"{self._name}: {told}")
            if self._is_stored(store):
                unable = self._take_block(store)
                if unable is not None:
                    self._counts.wrong.append(f"{self._name}: and then {unable}")
                self._is_stored(store)
        return met

    def _take_block(self, store: OwnedStorage) -> str | None:
        """Execute and merge the block; return how it was told to have failed."""
        access = open_access(self._attacked.access, store)
        before, driver = self._chain.newest, self._attacked.driver()
        expected = self._chain.outcome(self._block)
        actual, failure = ask(self._executor, self._block, before, access.reader, driver)
        if actual is not None:
            failure = judge(self._block, before, expected, actual)
        if failure is None and actual is not None:
            height = self._chain.blocks + 1
            failure = ask_to_merge(self._executor, actual.changes, access.storage, height)
            if failure is None:
                self._chain.add(self._chain.after(expected))
        if failure is None:
            return None
        if failure.verdict is not Verdict.CRASH:
            self._counts.wrong.append(f"{self._name}: {failure.verdict} {failure.differences}")
        return f"{failure.verdict} {failure.differences}"

    def _is_stored(self, store: OwnedStorage) -> bool:
        """Tell whether the newest state is stored, and what is read one by one is of it."""
        expected = self._chain.newest
        found = (store.topoheight, store.export())
        right = found == (self._chain.blocks, expected) and _reads_as(expected, store)
        if not right:
            self._counts.lost.append(self._name)
        return right


def _reads_as(state: State, reader: Reader) -> bool:
    """Tell whether ``reader``, its caches included, answers what ``state`` holds."""
    return reader.chain() == state.chain and all(
        reader.exists(address)
        and reader.nonce(address) == account.nonce
        and reader.multisig(address) == account.multisig
        and reader.energy(address) == account.energy
        and all(
            reader.balance(address, asset) == account.balances.get(asset, 0)
            for asset in chain((NATIVE,), account.balances)
        )
        for address, account in state.accounts.items()
    )


def everything(seed: str, blocks: int) -> Iterator[tuple[str, Counts]]:
    """Attack every executor, on every storage, in every way of running; give each when done."""
    with ExitStack() as stack:
        rocks = stack.enter_context(open_stores("rocksdb"))
        assert isinstance(rocks, RocksStores)
        threads = Threads()
        stack.callback(threads.close)
        drivers: dict[str, Callable[[], Driver]] = {
            "scheduled": Scheduled,
            "threads": lambda: threads,
        }
        for executor, storage, driver, access in product(
            EXECUTORS, STORAGES, drivers, ACCESS_MODES
        ):
            stores = rocks if storage == "rocksdb" else None
            attacked = Attacked(BUILT_IN[executor], stores, drivers[driver], access)
            yield f"{executor} {storage} {driver} {access}", attack(attacked, seed, blocks)


def main(blocks: int) -> int:
    """Print what became of the blocks; return 0 if nothing was lost or wrong."""
    clean = True
    for name, counts in everything("storage", blocks):
        sys.stdout.write(
            f"{name:40} tried {counts.tried:6} right {counts.right:5} told {counts.told:6} "
            f"lost {len(counts.lost):3} wrong {len(counts.wrong):3}\n"
        )
        sys.stdout.writelines(f"  {each}\n" for each in (*counts.lost, *counts.wrong)[:10])
        clean = clean and counts.is_clean
    return int(not clean)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
