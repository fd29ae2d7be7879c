"""The campaign's mix of schedules for one block.

First the sequential order. If no location was contested, that was the only trace. Otherwise one
random strategy; and if the block behaves in a way not seen before, all traces if a random descent
estimates few, else more samples. These also follow if there were more traces after all, or if more
transactions than workers made the search miss some.

What follows a new behaviour is paid from an allowance that every contested block adds to: where
nearly every block behaves in a new way, other blocks find more than more orders of the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from random import Random

from harness.schedules.behaviour import Behaviour, behaviour_of
from harness.schedules.conflict import contested
from harness.schedules.descent import Descent
from harness.schedules.dpor import Exhaustive
from harness.schedules.pct import ProbabilisticConcurrency
from harness.schedules.pos import PartialOrderSampling
from harness.schedules.random_walk import RandomWalk
from harness.schedules.sequential import sequential_order
from harness.schedules.surw import SelectivelyUniform
from parallel.drivers.protocol import Driver
from parallel.drivers.scheduled import Choose, Pending, Scheduled

EXHAUSTIVE_LIMIT = 256
MOST_TRACES = 4 * EXHAUSTIVE_LIMIT
"""Where the search for all traces is given up: the estimate was far too low."""
SAMPLES = 63
ALLOWED_AT_FIRST, ALLOWED_PER_BLOCK = 128, 4

Trace = list[Pending]
Strategy = Callable[[Random, Trace], Choose]

STRATEGIES: dict[str, Strategy] = {
    "random-walk": lambda random, _sample: RandomWalk(random),
    "pos": PartialOrderSampling,
    "surw": SelectivelyUniform,
    "pct": lambda random, sample: ProbabilisticConcurrency(random, random.randint(2, 4), sample),
}
WEIGHTS = {"random-walk": 30, "pos": 25, "surw": 25, "pct": 20}


@dataclass(slots=True)
class Mix:
    """Gives the drivers of a block; ``seen`` are the behaviours met so far.

    ``exhausted`` counts the blocks of which every trace was executed, ``allowance`` the
    executions that new behaviours may still cost.
    """

    step_limit: int
    seen: set[Behaviour] = field(default_factory=set)
    exhausted: int = 0
    allowance: int = ALLOWED_AT_FIRST

    def drivers(self, random: Random) -> Iterator[Driver]:
        """Give the drivers of one block, one by one."""
        sequential = Scheduled(sequential_order, self.step_limit)
        yield sequential
        locations = contested(sequential.trace)
        if not locations:
            self.exhausted += 1
            return
        self.allowance += ALLOWED_PER_BLOCK
        search = Exhaustive(random)
        traces = iter(search.executions())
        yield Scheduled(next(traces), self.step_limit)
        second = next(traces, None)
        if second is None and not search.limited:
            self.exhausted += 1
            return
        sample = sequential.trace
        drawn = Scheduled(self._drawn(random, sample), self.step_limit)
        yield drawn
        behaviours = {behaviour_of(sample), behaviour_of(drawn.trace)}
        if behaviours <= self.seen:
            return
        self.seen |= behaviours
        descent = Descent(random, locations)
        yield Scheduled(descent, self.step_limit)
        if descent.estimate <= min(EXHAUSTIVE_LIMIT, self.allowance) and second is not None:
            for choose in islice(chain((second,), traces), MOST_TRACES):
                self.allowance -= 1
                yield Scheduled(choose, self.step_limit)
            if search.ended and not search.limited:
                self.exhausted += 1
                return
        samples = max(0, min(SAMPLES, self.allowance))
        self.allowance -= samples
        for _ in range(samples):
            yield Scheduled(self._drawn(random, sample), self.step_limit)

    def _drawn(self, random: Random, sample: Trace) -> Choose:
        name = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        return STRATEGIES[name](random, sample)
