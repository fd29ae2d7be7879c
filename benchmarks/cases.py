"""How many cases a second a campaign runs on one core, all of a case included."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count

from benchmarks.rows import AtLeast, AtMost, Row, Topic
from benchmarks.timing import REPEATS, Timing, timed_together
from lockstep.campaign.plan import Plan
from lockstep.campaign.work import result_of
from lockstep.campaign.worker import Worker
from lockstep.case.file import Setting
from lockstep.case.values import Case
from lockstep.generate.decode import decode
from lockstep.generate.mixture import case_at
from lockstep.generate.slots import HEADER_LENGTH, SLOT_LENGTH, Draw, Shape
from lockstep.run.stores import Stores, open_stores
from lockstep.streams import stream
from lockstep.targets.named import open_steered
from lockstep.verdict import Verdict

NOTE = """\
A case is generated, signed, executed once by the reference and once by `batched` under a random
walk of the scheduled driver, compared, checked for the invariants, merged and exported again to
compare what is stored. A small case is of the `boundary` shape with exactly 4 records; the mixture
is what `lockstep fuzz` generates (1 to 16 transactions, up to 4 blocks and a rewind). The rows of
a campaign are what `lockstep fuzz --jobs 1` does with it: every block sequentially, then under a
random schedule, and under many more if it behaves in a new way."""

SEED = "benchmark"
PLAN = Plan(SEED, (Setting("batched"),))
CHUNK = 50


def measure(_full: bool) -> Topic:
    """Measure whole cases on both storages, then a campaign."""
    with open_stores("memory") as memory, open_stores("rocksdb") as rocksdb:
        small_memory, small_rocks, mixed_memory, mixed_rocks = timed_together(
            [
                (_running(small_case, memory), 1),
                (_running(small_case, rocksdb), 1),
                (_running(mixed_case, memory), 1),
                (_running(mixed_case, rocksdb), 1),
            ],
            seconds=4.0,
        )
    slower = small_rocks.median / small_memory.median
    rows = (
        Row.of("small cases, memory", small_memory.per_second(), "/s", AtLeast(1_000)),
        Row.of("small cases, RocksDB", small_rocks.per_second(), "/s"),
        Row("time of a small case, RocksDB against memory", slower, "x", target=AtMost(2)),
        Row.of("cases of the campaign's mixture, memory", mixed_memory.per_second(), "/s"),
        Row.of("cases of the campaign's mixture, RocksDB", mixed_rocks.per_second(), "/s"),
    )
    return Topic("Whole cases", NOTE, (*rows, *_campaign()))


def _campaign() -> Iterator[Row]:
    """Time chunks of a campaign; each is of other cases, so the spread is theirs as well."""
    bench = Worker(PLAN, "main")
    cases, executions = [], []
    for start in range(0, (1 + REPEATS) * CHUNK, CHUNK):
        started = time.perf_counter()
        tally = result_of(bench.do(start, CHUNK))
        seconds = time.perf_counter() - started
        assert tally.verdicts == {Verdict.AGREE.value: CHUNK}
        cases.append(seconds / CHUNK)
        executions.append(seconds / tally.executions)
    bench.close()
    for what, seconds_each in (("cases", cases), ("executions", executions)):
        timing = Timing.of(seconds_each[1:]).per_second()
        yield Row.of(f"{what} of a campaign, RocksDB", timing, "/s")


def small_case(number: int) -> Case:
    """Return case ``number`` of the boundary shape with 4 records."""
    return decode(draw_of(Shape.BOUNDARY, 4, number))


def mixed_case(number: int) -> Case:
    """Return case ``number`` of the campaign's mixture."""
    return case_at(SEED, number)


def draw_of(shape: Shape, records: int, number: int) -> Draw:
    """Draw the bytes of a case with so many records, as the campaign does."""
    random = stream(SEED, "case", number)
    header = random.randbytes(HEADER_LENGTH)
    return Draw(shape, header, tuple(random.randbytes(SLOT_LENGTH) for _ in range(records)))


def _running(case_of: Callable[[int], Case], stores: Stores) -> Callable[[], None]:
    """Return what makes and runs the next case."""
    numbers = count()
    lane = open_steered(Setting("batched"), stores)

    def run() -> None:
        number = next(numbers)
        walk = stream(SEED, "schedule", number)
        assert lane.run_random(case_of(number), walk).verdict is Verdict.AGREE

    return run
