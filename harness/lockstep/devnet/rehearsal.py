"""The rollout rehearsal: a seeded chain through a node whose path and executor keep changing.

Invariant: after every block and every rewind the node's stored state is compared with the chain as
the reference alone has it, entry by entry; what differs is kept as a case, and the node goes on
from the right state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from lockstep.case.file import Setting
from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case, RewindStep, Step
from lockstep.compare.states import compare_states
from lockstep.devnet.node import Applied, Node
from lockstep.devnet.rollout import THRESHOLDS, Path, Rollout
from lockstep.devnet.traffic import block_at, genesis
from lockstep.run.expected import ExpectedChain
from lockstep.streams import stream
from lockstep.targets.named import find_inside
from lockstep.verdict import Difference
from lockstep_ledger.digest import state_digest
from lockstep_ledger.model import State
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.access import ACCESS_MODES, open_access
from lockstep_ledger.storage.protocol import Storage
from lockstep_parallel.steps.drivers.scheduled import Scheduled, lowest_first
from lockstep_parallel.steps.drivers.threads import Threads

REWIND_SHARE = 0.05
DEEPEST_REWIND = 3
STEP_LIMIT = 5_000_000


@dataclass(frozen=True, slots=True)
class Chain:
    """What is rehearsed: so many blocks of up to so many transactions, on these executors.

    With ``saved`` its blocks and rewinds are taken instead, and the seed decides only how each is
    executed.
    """

    seed: str
    blocks: int
    transactions: int
    executors: tuple[str, ...] = ("batched",)
    scheme: str = "keyed-hash"
    saved: Case | None = None

    @property
    def start(self) -> State:
        """The state the chain begins with."""
        return genesis() if self.saved is None else self.saved.state


@dataclass(frozen=True, slots=True)
class Slip:
    """A block after which the node was wrong: its case, how it ran, and what differed."""

    case: Case
    setting: Setting
    path: Path
    differences: tuple[Difference, ...]


@dataclass(slots=True)
class Rehearsed:
    """What a rehearsal did; ``digest`` is that of the final state, ``steps`` is the whole chain.

    ``ways`` counts blocks by path, and those on the parallel path by what they ran on.
    """

    applied: int = 0
    transactions: int = 0
    rewinds: int = 0
    compared: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    slips: list[Slip] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class _Conditions:
    """Under what one block is executed."""

    rollout: Rollout
    setting: Setting


def rehearse(chain: Chain, storage: Storage, progress: Callable[[Rehearsed], None]) -> Rehearsed:
    """Run the chain on ``storage``, which must hold its start at topoheight 0."""
    rehearsal = _Rehearsal(chain, storage)
    for step in rehearsal.steps():
        rehearsal.take(step)
        progress(rehearsal.report)
    rehearsal.report.digest = state_digest(storage.export()).hex()
    rehearsal.threads.close()
    return rehearsal.report


class _Rehearsal:
    """The node, the chain as it should be, and what was seen so far."""

    def __init__(self, chain: Chain, storage: Storage) -> None:
        self.report = Rehearsed()
        self.expected = ExpectedChain(chain.start, chain.scheme)
        self.threads = Threads(delay_seed=0)
        self._chain = chain
        self._storage = storage
        self._random = stream(chain.seed, "rehearsal")

    def steps(self) -> Iterator[Step]:
        """Yield the saved steps, or one after another those that the seed gives."""
        if self._chain.saved is not None:
            yield from self._chain.saved.steps
            return
        while self.expected.blocks < self._chain.blocks:
            yield self._next()

    def _next(self) -> Step:
        if self.expected.blocks and self._random.random() < REWIND_SHARE:
            return RewindStep(self._random.randint(1, min(DEEPEST_REWIND, self.expected.blocks)))
        number, length = self.report.applied, self._chain.transactions
        return block_at(self._chain.seed, number, self.expected.newest, length)

    def take(self, step: Step) -> None:
        """Apply one more block, or take some back."""
        self.report.steps.append(step)
        if isinstance(step, RewindStep):
            self._rewind(step.blocks)
        else:
            self._apply(step)

    def _rewind(self, blocks: int) -> None:
        self.report.rewinds += 1
        self._storage.rewind(self._storage.topoheight - blocks)
        expected = self.expected.rewind(blocks)
        wrong = compare_states(expected, self._storage.export())
        assert not wrong, f"storage is wrong after a rewind: {wrong[0]}"

    def _apply(self, step: BlockStep) -> None:
        before = self.expected.newest
        conditions = _draw(self._random, self._chain.executors)
        node = self._node(conditions)
        access = open_access(conditions.setting.access, self._storage)
        applied = node.apply(step, lambda: access.reader)
        self._count(step, applied, conditions)
        expected = self.expected.extend(realise(step, self._chain.scheme))
        wrong = compare_states(expected, self._storage.export())
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
        left = compare_states(self.expected.newest, self._storage.export())
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
