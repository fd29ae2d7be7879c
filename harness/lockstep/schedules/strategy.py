"""The random strategies by name: what a strategy is, and where a user's own is found.

A strategy is built for one execution of a block, from a random stream and the trace of the block's
sequential execution, and answers which of the runnable steps is taken next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeAlias, cast

from lockstep.faults import HarnessFault, UsageError
from lockstep.foreign.text import named_error
from lockstep.loading import imported
from lockstep.schedules.pct import ProbabilisticConcurrency
from lockstep.schedules.pos import PartialOrderSampling
from lockstep.schedules.random_walk import RandomWalk
from lockstep.schedules.surw import SelectivelyUniform
from lockstep_parallel.steps.drivers.scheduled import Choose, Pending

Trace: TypeAlias = list[Pending]
Strategy: TypeAlias = Callable[[Random, Trace], Choose]

STRATEGIES: Mapping[str, Strategy] = {
    "random-walk": lambda random, _sample: RandomWalk(random),
    "pos": PartialOrderSampling,
    "surw": SelectivelyUniform,
    "pct": lambda random, sample: ProbabilisticConcurrency(random, random.randint(2, 4), sample),
}


def strategy_named(name: str) -> Strategy:
    """Return the strategy called ``name``, or what ``module:Class`` names.

    Raises ``UsageError`` if there is none. What a strategy of a user answers is held to what was
    offered: another answer ends the command with a fault that names it.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    if ":" not in name:
        known = ", ".join(STRATEGIES)
        raise UsageError(f"unknown strategy {name!r}: known are {known}, and module:Class")
    return _Checked(name, cast("Strategy", imported(name, "strategy")))


class _Checked:
    """A strategy of a user's."""

    def __init__(self, name: str, strategy: Strategy) -> None:
        self._name = name
        self._strategy = strategy

    def __call__(self, random: Random, sample: Trace) -> Choose:
        """Build it. Raises ``UsageError`` if it cannot be built."""
        try:
            choose = self._strategy(random, sample)
        except Exception as error:
            raise UsageError(
                f"strategy {self._name} cannot be built: {named_error(error)}"
            ) from error
        if not callable(choose):
            raise UsageError(f"strategy {self._name} answers nothing: it is not callable")

        def checked(runnable: Sequence[Pending]) -> int:
            position: object = choose(runnable)
            if type(position) is not int or not 0 <= position < len(runnable):
                raise HarnessFault(
                    f"strategy {self._name}: expected one of {len(runnable)} positions, "
                    f"actual {position!r}"
                )
            return position

        return checked
