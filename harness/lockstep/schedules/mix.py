"""The campaign's mix of schedules for one block.

First the sequential order. If no location was contested, that was the only trace. Otherwise one
random execution; and if the block behaves in a way not seen before, all traces if a random descent
estimates few and the allowance covers them, else samples.

In a share of the small blocks instead all schedules with at most two deviations from the sequential
order: most races need no more, and at worker level, where traces are beyond counting, these are
few. A block of ``n`` contested steps is drawn once in ``n * n / 2`` times, which is about as many
as there are schedules: so that costs a small block an execution on average, whatever the executor.

Whether another block finds more than another order of the same one, nobody can know beforehand: of
some faults one block in two hundred shows it under any order, of others every block under one order
in two hundred. So a block's number of samples follows Luby's sequence, 1 1 2 1 1 2 4 ..., which of
all ways to share the effort is within a logarithmic factor of the best one for either. (Luby,
Sinclair, Zuckerman: Optimal speedup of Las Vegas algorithms, 1993.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from random import Random

from lockstep.schedules.behaviour import Behaviour, behaviour_of
from lockstep.schedules.breadth_first import BreadthFirst, disputed
from lockstep.schedules.conflict import contested, is_contested
from lockstep.schedules.descent import Descent
from lockstep.schedules.dpor import Exhaustive
from lockstep.schedules.sequential import sequential_order
from lockstep.schedules.strategy import STRATEGIES, Strategy, Trace
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Choose, Scheduled

EXHAUSTIVE_LIMIT = 256
MOST_TRACES = 4 * EXHAUSTIVE_LIMIT
"""Where the search for all traces is given up: the estimate was far too low."""
SAMPLES, SAMPLES_OF_ONE = 2, 32
"""Executions in one unit of Luby's sequence; the latter where there is only one case to run."""
ALLOWED_FOR_ONE, ALLOWED_PER_BLOCK = 128, 1
"""Executions that new behaviours may cost: of a single case, and what every block adds to it."""
DRAWN = 8
"""Executions of a block with something contested where one strategy is asked for."""
WORTH_ESTIMATING = 8
"""The allowance below which all traces of a block are not even counted."""

SMALL = 3
"""Transactions of a block of which all schedules with few deviations may be executed."""
MOST_DEVIATIONS, MOST_DEVIATING = 2, 1024

WEIGHTS = {"random-walk": 30, "pos": 25, "surw": 25, "pct": 20}


@dataclass(slots=True)
class Mix:
    """Gives the drivers of a block; ``seen`` are the behaviours met so far.

    A ``strategy`` draws all executions after the first, where one is given.

    ``met`` counts the blocks that behaved in a new way, ``exhausted`` those of which every trace
    was executed; ``allowance`` is how many executions new behaviours may still cost.
    """

    step_limit: int
    strategy: Strategy | None = None
    seen: set[Behaviour] = field(default_factory=set)
    met: int = 0
    exhausted: int = 0
    allowance: int = 0
    samples: int = SAMPLES

    @classmethod
    def for_one_case(cls, step_limit: int, strategy: Strategy | None = None) -> Mix:
        """Return a mix for a case that is not one of many: more is worth spending on it."""
        return cls(step_limit, strategy, allowance=ALLOWED_FOR_ONE, samples=SAMPLES_OF_ONE)

    def drivers(self, random: Random, ids: Sequence[str] = ()) -> Iterator[Driver]:
        """Give the drivers of one block, one by one; ``ids`` are those of its transactions."""
        self.allowance += ALLOWED_PER_BLOCK
        sequential = Scheduled(sequential_order, self.step_limit)
        yield sequential
        locations = contested(sequential.trace)
        if not locations:
            self.exhausted += 1
            return
        if self.strategy is not None:
            for _ in range(DRAWN):
                yield Scheduled(self.strategy(random, sequential.trace), self.step_limit)
            return
        if 0 < len(ids) <= SMALL and _is_drawn(random, sequential.trace):
            for few in BreadthFirst(ids, MOST_DEVIATING, MOST_DEVIATIONS).executions():
                yield Scheduled(few, self.step_limit)
            return
        search = Exhaustive(random)
        traces = iter(search.executions())
        first = Scheduled(next(traces), self.step_limit)
        yield first
        second = next(traces, None)
        if second is None and not search.limited:
            self.exhausted += 1
            return
        behaviours = {behaviour_of(sequential.trace), behaviour_of(first.trace)}
        if behaviours <= self.seen:
            return
        self.seen |= behaviours
        self.met += 1
        if second is not None and self.allowance >= WORTH_ESTIMATING:
            descent = Descent(random, locations)
            yield Scheduled(descent, self.step_limit)
            if descent.estimate <= min(EXHAUSTIVE_LIMIT, self.allowance):
                yield from self._all(chain((second,), traces))
                if search.ended and not search.limited:
                    self.exhausted += 1
                    return
        yield from self._samples(random, sequential.trace)

    def _all(self, traces: Iterator[Choose]) -> Iterator[Driver]:
        for choose in islice(traces, MOST_TRACES):
            self.allowance -= 1
            yield Scheduled(choose, self.step_limit)

    def _samples(self, random: Random, sample: Trace) -> Iterator[Driver]:
        count = max(0, min(self.samples * luby(self.met), self.allowance))
        self.allowance -= count
        for _ in range(count):
            yield Scheduled(self._drawn(random, sample), self.step_limit)

    def _drawn(self, random: Random, sample: Trace) -> Choose:
        name = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        return STRATEGIES[name](random, sample)


def _is_drawn(random: Random, sequential: Trace) -> bool:
    """Draw whether a block is executed under all schedules with few deviations."""
    locations = disputed(sequential)
    single = sum(is_contested(step, locations) for step in sequential)
    return random.randrange(1 + single * single // 2) == 0


def luby(number: int) -> int:
    """Return a term of Luby's sequence, counted from 1: 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 ..."""
    full = (1 << number.bit_length()) - 1
    if number == full:
        return full + 1 >> 1
    return luby(number - (full >> 1))
