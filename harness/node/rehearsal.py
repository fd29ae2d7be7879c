"""The rollout rehearsal: a seeded chain through a node whose path and executor keep changing.

Invariant: after every block and every rewind the node's stored state is compared with the chain as
the reference alone has it, entry by entry; what differs is kept as a case, and the node goes on
from the right state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from harness.case.file import Setting
from harness.case.values import BlockStep, Case
from harness.executors import find_inside
from harness.node.node import Applied, Node
from harness.node.oracle import Oracle
from harness.node.rollout import THRESHOLDS, Path, Rollout
from harness.node.traffic import block_number, genesis
from harness.seeds import stream
from harness.state_difference import compare_states
from harness.verdict import Difference
from ledger.digest import state_digest
from ledger.schemes import SCHEMES
from ledger.storage.access import ACCESS_MODES, open_access
from ledger.storage.protocol import Storage
from parallel.drivers.scheduled import Scheduled, lowest_first
from parallel.drivers.threads import Threads

REWIND_SHARE = 0.05
DEEPEST_REWIND = 3
STEP_LIMIT = 5_000_000


@dataclass(frozen=True, slots=True)
class Chain:
    """What is rehearsed: so many blocks of up to so many transactions, on these executors."""

    seed: str
    blocks: int
    transactions: int
    executors: tuple[str, ...] = ("batched",)
    scheme: str = "keyed-hash"


@dataclass(frozen=True, slots=True)
class Slip:
    """A block after which the node was wrong: its case, how it ran, and what differed."""

    case: Case
    setting: Setting
    path: Path
    differences: tuple[Difference, ...]


@dataclass(slots=True)
class Rehearsed:
    """What a rehearsal did; ``digest`` is that of the final state.

    ``ways`` counts blocks by path, and those on the parallel path by what they ran on.
    """

    applied: int = 0
    transactions: int = 0
    rewinds: int = 0
    compared: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    slips: list[Slip] = field(default_factory=list)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class _Conditions:
    """Under what one block is executed."""

    rollout: Rollout
    setting: Setting


def rehearse(chain: Chain, storage: Storage, progress: Callable[[Rehearsed], None]) -> Rehearsed:
    """Run the chain on ``storage``, which must hold ``genesis()`` at topoheight 0."""
    rehearsal = _Rehearsal(chain, storage)
    while rehearsal.oracle.blocks < chain.blocks:
        rehearsal.advance()
        progress(rehearsal.report)
    rehearsal.report.digest = state_digest(storage.export()).hex()
    rehearsal.threads.close()
    return rehearsal.report


class _Rehearsal:
    """The node, the chain as it should be, and what was seen so far."""

    def __init__(self, chain: Chain, storage: Storage) -> None:
        self.report = Rehearsed()
        self.oracle = Oracle(genesis(), chain.scheme)
        self.threads = Threads(delay_seed=0)
        self._chain = chain
        self._storage = storage
        self._random = stream(chain.seed, "rehearsal")

    def advance(self) -> None:
        """Apply one more block, or take some back."""
        if self.oracle.blocks and self._random.random() < REWIND_SHARE:
            self._rewind(self._random.randint(1, min(DEEPEST_REWIND, self.oracle.blocks)))
        else:
            self._apply()

    def _rewind(self, blocks: int) -> None:
        self.report.rewinds += 1
        self._storage.rewind(self._storage.topoheight - blocks)
        expected = self.oracle.rewind(blocks)
        wrong = compare_states(expected, self._storage.export())
        assert not wrong, f"storage is wrong after a rewind: {wrong[0]}"

    def _apply(self) -> None:
        before, number = self.oracle.newest, self.report.applied
        step = block_number(self._chain.seed, number, before, self._chain.transactions)
        conditions = _draw(self._random, self._chain.executors)
        node = self._node(conditions)
        access = open_access(conditions.setting.access, self._storage)
        applied = node.apply(step, lambda: access.reader)
        self._count(step, applied, conditions)
        wrong = compare_states(self.oracle.apply(step), self._storage.export())
        self.report.compared += 1
        if applied.differences or wrong:
            case = Case(before, (step,), self._chain.scheme)
            seen = applied.differences or wrong
            self.report.slips.append(Slip(case, conditions.setting, applied.path, seen))
        if wrong:
            self._repair(node, step)

    def _repair(self, node: Node, step: BlockStep) -> None:
        """Take the block back and apply it sequentially."""
        node.rewind(1)
        node.rollout = replace(node.rollout, enabled=False)
        node.apply(step)
        left = compare_states(self.oracle.newest, self._storage.export())
        assert not left, f"storage is wrong after a sequential block: {left[0]}"

    def _node(self, conditions: _Conditions) -> Node:
        setting, scheme = conditions.setting, self._chain.scheme
        executor = find_inside(setting.executor).build(SCHEMES[scheme], setting.workers)
        threaded = setting.driver == "threads"
        driver = self.threads if threaded else Scheduled(lowest_first, STEP_LIMIT)
        return Node(self._storage, executor, driver, conditions.rollout, scheme)

    def _count(self, step: BlockStep, applied: Applied, conditions: _Conditions) -> None:
        self.report.applied += 1
        self.report.transactions += len(step.transactions)
        self.report.ways[f"path {applied.path.value}"] += 1
        if applied.path is not Path.SEQUENTIAL:
            setting = conditions.setting
            self.report.ways[f"executor {setting.executor}"] += 1
            self.report.ways[f"driver {setting.driver}"] += 1
            self.report.ways[f"access {setting.access}"] += 1
            self.report.ways[f"workers {setting.workers}"] += 1


def _draw(random: Random, executors: Sequence[str]) -> _Conditions:
    rollout = Rollout(
        enabled=random.random() < 0.85,
        threshold=random.choice(sorted(set(THRESHOLDS.values()))),
        test_mode=random.random() < 0.3,
        force=random.random() < 0.2,
    )
    setting = Setting(
        executor=random.choice(executors),
        workers=random.choice((1, 2, 4, 8)),
        driver=random.choice(("scheduled", "threads")),
        access=random.choice(sorted(ACCESS_MODES)),
    )
    return _Conditions(rollout, setting)
