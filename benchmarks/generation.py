"""How fast cases are generated: by the campaign and by the Hypothesis strategy."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count

from hypothesis import HealthCheck, Phase, given, settings

from benchmarks.cases import draw_of
from benchmarks.rows import Row, Topic
from benchmarks.timing import REPEATS, Timing, timed_together
from lockstep.case.values import Case
from lockstep.generate.decode import decode
from lockstep.generate.slots import Shape
from lockstep.generate.strategies import cases

NOTE = """\
Cases a second, neither signed nor run, of the `dense` shape. The campaign's generator makes exactly
so many transactions; the strategy draws from 0 up to so many, with Hypothesis's own bookkeeping."""

SIZES = (4, 16, 64)
EXAMPLES = 100


def measure(_full: bool) -> Topic:
    """Measure both generators."""
    campaign = timed_together([(_campaign(size), 1) for size in SIZES])
    rows = [
        Row.of(f"campaign, {size} transactions", timing.per_second(), "/s")
        for size, timing in zip(SIZES, campaign, strict=True)
    ]
    for size in SIZES:
        seconds = [_hypothesis(size) for _ in range(REPEATS)]
        timing = Timing.of(seconds).per_second()
        rows.append(Row.of(f"Hypothesis, up to {size} transactions", timing, "/s"))
    return Topic("Generation", NOTE, tuple(rows))


def _campaign(size: int) -> Callable[[], Case]:
    numbers = count()
    return lambda: decode(draw_of(Shape.DENSE, size, next(numbers)))


def _hypothesis(size: int) -> float:
    """Return the seconds an example of one run; how many there are is Hypothesis's choice."""
    examples = count()

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(size, (Shape.DENSE,)))
    def draw(_case: Case) -> None:
        next(examples)

    started = time.perf_counter()
    draw()
    return (time.perf_counter() - started) / next(examples)
