"""The rollout rehearsal: a seeded chain through a node whose path and executor keep changing.

Invariant: after every block and every rewind the node's stored state is compared with the chain as
the oracle alone has it, entry by entry; what differs is kept as a case, and the node goes on from
the right state. A block for which the oracle gives no outcome is not put on the chain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from lockstep.case.file import Setting
from lockstep.case.judging import EXACTLY
from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case, RewindStep, Step
from lockstep.compare.left_out import still_different
from lockstep.compare.states import compare_states
from lockstep.devnet.node import Applied, Node
from lockstep.devnet.rollout import THRESHOLDS, Path, Rollout
from lockstep.devnet.traffic import block_at, genesis
from lockstep.generate.carve import carved
from lockstep.generate.carving import WHOLE, Carving
from lockstep.run.expected import ExpectedChain
from lockstep.run.standard import Standard
from lockstep.run.stores import MemoryStores
from lockstep.streams import stream
from lockstep.targets.named import find, open_lane, open_oracle
from lockstep.targets.target import Lane
from lockstep.verdict import Difference, NoOutcome, Verdict
from lockstep_ledger.digest import state_digest
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.storage.access import ACCESS_MODES, open_access
from lockstep_ledger.storage.protocol import OwnedStorage

REWIND_SHARE = 0.05
DEEPEST_REWIND = 3
STEP_LIMIT = 5_000_000
DEFAULT = Setting()
TRIED = 3
"""How many blocks are tried for each that the chain is to have, where some are unsupported."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What is rehearsed: so many blocks of up to so many transactions, on these executors.

    With ``saved`` its blocks and rewinds are taken instead, and the seed decides only how each is
    executed. ``setting`` is what does not change from block to block. With the oracle
    ``sequential`` it is the first executor's own sequential mode that counts for all.
    """

    seed: str
    blocks: int
    transactions: int
    executors: tuple[str, ...] = ("batched",)
    scheme: str = "keyed-hash"
    saved: Case | None = None
    setting: Setting = DEFAULT
    carving: Carving = WHOLE

    @property
    def start(self) -> State:
        """The state the chain begins with."""
        if self.saved is not None:
            return self.saved.state
        return carved(Case(genesis(), (), self.scheme), self.carving).state


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

    ``ways`` counts blocks by path, and those on the parallel path by what they ran on;
    ``unsupported`` those that an executor or the oracle could not be asked for, by why.
    """

    applied: int = 0
    transactions: int = 0
    rewinds: int = 0
    compared: int = 0
    parallel: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    unsupported: Counter[str] = field(default_factory=Counter)
    slips: list[Slip] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class _Conditions:
    """Under what one block is executed."""

    rollout: Rollout
    setting: Setting


def rehearse(
    chain: Chain, storage: OwnedStorage, progress: Callable[[Rehearsed], None]
) -> Rehearsed:
    """Run the chain on ``storage``, which must hold its start at topoheight 0."""
    with ExitStack() as resources:
        rehearsal = _Rehearsal(chain, storage, resources)
        for step in rehearsal.steps():
            rehearsal.take(step)
            progress(rehearsal.report)
    rehearsal.report.digest = state_digest(storage.export()).hex()
    return rehearsal.report


class _Rehearsal:
    """The node, the chain as it should be, and what was seen so far."""

    def __init__(self, chain: Chain, storage: OwnedStorage, resources: ExitStack) -> None:
        self.report = Rehearsed()
        first = replace(chain.setting, executor=chain.executors[0])
        self._targets = {name: find(name) for name in chain.executors}
        oracle = open_oracle(first, self._targets[first.executor])
        resources.callback(oracle.close)
        self.standard = Standard(oracle, chain.setting.judging)
        self.expected = ExpectedChain(chain.start, chain.scheme, oracle)
        self._lanes: dict[Setting, Lane] = {}
        self._resources = resources
        self._tried = 0
        self._chain = chain
        self._storage = storage
        self._random = stream(chain.seed, "rehearsal")

    def steps(self) -> Iterator[Step]:
        """Yield the saved steps, or one after another those that the seed gives."""
        if self._chain.saved is not None:
            yield from self._chain.saved.steps
            return
        while self.expected.blocks < self._chain.blocks and not self._is_hopeless():
            yield self._next()

    def _is_hopeless(self) -> bool:
        """Tell whether the oracle cannot be asked for most blocks."""
        left_out = self._tried - self.report.applied
        return left_out > TRIED * (self.report.applied + self._chain.blocks)

    def _next(self) -> Step:
        if self.expected.blocks and self._random.random() < REWIND_SHARE:
            return RewindStep(self._random.randint(1, min(DEEPEST_REWIND, self.expected.blocks)))
        chain, newest = self._chain, self.expected.newest
        step = block_at(chain.seed, self._tried, newest, chain.transactions)
        [left] = carved(Case(newest, (step,), chain.scheme), chain.carving).steps
        return left

    def take(self, step: Step) -> None:
        """Apply one more block, or take some back."""
        if isinstance(step, RewindStep):
            self.report.steps.append(step)
            self._rewind(step.blocks)
            return
        self._tried += 1
        conditions = _draw(self._random, self._chain)
        try:
            outcome = self.expected.outcome(realise(step, self._chain.scheme))
        except NoOutcome as error:
            self._leave_out(step, conditions, error)
            return
        self.report.steps.append(step)
        self._apply(step, outcome, conditions)

    def _leave_out(self, step: BlockStep, conditions: _Conditions, error: NoOutcome) -> None:
        """Note a block for which the oracle gave no outcome."""
        if error.verdict is Verdict.UNSUPPORTED:
            self.report.unsupported["; ".join(map(str, error.differences))] += 1
            return
        case = Case(self.expected.newest, (step,), self._chain.scheme)
        slip = Slip(case, conditions.setting, Path.SEQUENTIAL, error.differences)
        self.report.slips.append(slip)

    def _rewind(self, blocks: int) -> None:
        self.report.rewinds += 1
        self._storage.rewind(self._storage.topoheight - blocks)
        expected = self.expected.rewind(blocks)
        wrong = compare_states(expected, self._storage.export())
        assert not wrong, f"storage is wrong after a rewind: {wrong[0]}"

    def _apply(self, step: BlockStep, outcome: Outcome, conditions: _Conditions) -> None:
        before = self.expected.newest
        node = self._node(conditions)
        access = open_access(conditions.setting.access, self._storage)
        applied = node.apply(step, lambda: access.reader)
        self._count(step, applied, conditions)
        expected, found = self.expected.after(outcome), self._storage.export()
        wrong = still_different(compare_states(expected, found), self.standard.judging)
        # What is left out of the comparison goes on as the node has it.
        self.expected.add(expected if wrong else found)
        self.report.compared += 1
        if applied.differences or wrong:
            case = Case(before, (step,), self._chain.scheme)
            seen = applied.differences or wrong
            self.report.slips.append(Slip(case, conditions.setting, applied.path, seen))
        if wrong:
            self._repair(node, step)

    def _repair(self, node: Node[Any], step: BlockStep) -> None:
        """Take the block back and apply it sequentially."""
        node.rewind(1)
        node.rollout = replace(node.rollout, enabled=False)
        node.apply(step)
        left = compare_states(self.expected.newest, self._storage.export())
        assert not left, f"storage is wrong after a sequential block: {left[0]}"

    def _node(self, conditions: _Conditions) -> Node[Any]:
        scheme = self._chain.scheme
        setting = conditions.setting
        asked, way = self._lane(setting).on_a_chain(scheme, setting.workers, STEP_LIMIT)
        return Node(self._storage, asked, way, conditions.rollout, scheme, self.standard)

    def _lane(self, setting: Setting) -> Lane:
        """Return the open lane of a setting; how storage is read is the node's affair.

        What has interleavings of its own has one lane, and goes on from the state that it holds.
        """
        key = replace(setting, access=DEFAULT.access, judging=EXACTLY)
        if not self._is_driven(setting):
            key = replace(key, driver=DEFAULT.driver, workers=DEFAULT.workers)
        if key not in self._lanes:
            self._lanes[key] = self._resources.enter_context(open_lane(key, MemoryStores()))
        return self._lanes[key]

    def _is_driven(self, setting: Setting) -> bool:
        """Tell whether it is an executor of this process, which has a driver and reads storage."""
        return bool(self._targets[setting.executor].drivers)

    def _count(self, step: BlockStep, applied: Applied, conditions: _Conditions) -> None:
        self.report.applied += 1
        self.report.transactions += len(step.transactions)
        self.report.ways[f"path {applied.path.value}"] += 1
        if applied.unsupported:
            self.report.unsupported[applied.unsupported] += 1
        if applied.path is not Path.SEQUENTIAL:
            self.report.parallel += 1
            setting = conditions.setting
            self.report.ways[f"executor {setting.executor}"] += 1
            if self._is_driven(setting):
                self.report.ways[f"driver {setting.driver}"] += 1
                self.report.ways[f"access {setting.access}"] += 1
            self.report.ways[f"workers {setting.workers}"] += 1


def _draw(random: Random, chain: Chain) -> _Conditions:
    rollout = Rollout(
        enabled=random.random() < 0.85,
        threshold=random.choice(sorted(set(THRESHOLDS.values()))),
        test_mode=random.random() < 0.3,
        force=random.random() < 0.2,
    )
    setting = replace(
        chain.setting,
        executor=random.choice(chain.executors),
        workers=random.choice((1, 2, 4, 8)),
        driver=random.choice(("scheduled", "threads")),
        access=random.choice(sorted(ACCESS_MODES)),
    )
    return _Conditions(rollout, setting)
