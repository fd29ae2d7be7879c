"""How fast the executors are beside the reference: what ``lockstep bench`` measures, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

from benchmarks.rows import AtLeast, AtMost, Row, Topic
from benchmarks.timing import timed_together
from lockstep.bench.contest import Entrant, Result, run_contest
from lockstep.bench.workloads import WORKLOADS, pair, workload
from lockstep.report.bench import HEADINGS, interpreter, rows
from lockstep.run.stores import MemoryStores
from lockstep_ledger.schemes import SCHEMES

NOTE = """\
What `lockstep bench` measures: the same signed blocks (`schnorr`, over 10,000 accounts in memory)
by the reference and by every executor on real threads, in turns in one process; medians over the
rounds. `ratio` is the reference's time over the executor's, round by round. `efficiency` is the
lower bound over the time, where the bound is the larger of the reference's time shared by the
workers and the time to decide the longest row of transactions that depend on each other,
signatures excluded; above 100 % it is faster than the reference's own text. `{interpreter}`.

What the machine allows: 128 bare signature checks on two threads take {ceiling:.2f} times less
time than on one (measured {moments} times during the run, {lowest:.2f} to {highest:.2f}). No
executor whose work is checking signatures can be above that."""

SUMMARY_NOTE = """\
From the table above: 1,000 transactions and 2 workers where not said otherwise."""

EXECUTORS = ("auto", "pipelined", "batched", "dag", "optimistic")
SIZES = (100, 1000, 10_000)
ACCOUNTS = 10_000
ROUNDS = {100: 9, 1000: 7, 10_000: 3}
WORKERS = {100: (1, 2), 1000: (1, 2), 10_000: (2,)}
LARGE = ("auto", "batched")
"""Who is timed on the largest blocks as well."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A row that is words already."""

    words: tuple[str, ...]

    def cells(self) -> tuple[str, ...]:
        """Return the words, with empty ones for columns that have nothing to say."""
        return (*self.words, *[""] * (len(HEADINGS) - len(self.words)))


def measure(_full: bool) -> tuple[Topic, Topic]:
    """Measure every executor on every workload; the table, and what its targets come to."""
    results: list[Result] = []
    ceilings: list[float] = []
    for name in WORKLOADS:
        ceilings.append(_ceiling())
        for size in SIZES:
            made = workload(name, size, ACCOUNTS, "schnorr", "bench")
            executors = LARGE if size == SIZES[-1] else EXECUTORS
            entrants = [Entrant(each, count) for each in executors for count in WORKERS[size]]
            results.append(run_contest(made, entrants, "schnorr", MemoryStores(), ROUNDS[size]))
    wrong = [each for result in results for each in result.timed if each.differences]
    assert not wrong, f"{wrong[0].entrant} differs: {wrong[0].differences[0]}"
    note = NOTE.format(
        interpreter=interpreter(),
        ceiling=median(ceilings),
        moments=len(ceilings),
        lowest=min(ceilings),
        highest=max(ceilings),
    )
    lines = tuple(Cells(row) for result in results for row in rows(result))
    table = Topic("Executors", note, lines, HEADINGS)
    return table, Topic("Executors, summary", SUMMARY_NOTE, tuple(_summary(results)))


def _summary(results: Sequence[Result]) -> Iterator[Row]:
    thousand = [each for each in results if each.transactions == 1000]
    for result in thousand:
        value = _ratio(result, "auto", 2)
        yield Row(
            f"auto against the reference, {result.workload}", value, "x", target=AtLeast(1.75)
        )
    (uniform,) = (each for each in thousand if each.workload == "uniform")
    value = _ratio(uniform, "batched", 2)
    yield Row("batched against the reference, uniform", value, "x", target=AtLeast(1.4))
    for name in EXECUTORS:
        worst = max(1 / _ratio(result, name, 1) for result in thousand)
        what = f"{name}, one worker: time against the reference, worst workload"
        yield Row(what, worst, "x", target=AtMost(1.1))


def _ratio(result: Result, executor: str, workers: int) -> float:
    entrant = Entrant(executor, workers)
    return next(each.ratio for each in result.timed if each.entrant == entrant)


def _ceiling() -> float:
    """Return how many times faster two threads check signatures than one, with nothing else."""
    scheme = SCHEMES["schnorr"]
    owner = pair(0)
    signed = [(message, scheme.sign(owner, message)) for message in map(_message, range(128))]

    def check(start: int, end: int) -> None:
        assert all(scheme.verify(owner.public, *each) for each in signed[start:end])

    with ThreadPoolExecutor(2) as pool:
        one, two = timed_together(
            [
                (lambda: check(0, 128), 1),
                (lambda: list(pool.map(check, (0, 64), (64, 128))), 1),
            ]
        )
    return one.median / two.median


def _message(number: int) -> bytes:
    return number.to_bytes(2, "big") * 80
