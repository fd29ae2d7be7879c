"""The part of the page that compares lockstep with what a team would write without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from benchmarks.detection.measured import Fault, Lane

BASELINES = ("plain", "threads")
OTHERS = (*BASELINES, "delays")

HEAD = """\
## Compared

CPU-seconds to the first failure, median of the seeds. A baseline may spend {baseline:.0f}
CPU-seconds on a fault and a seed; it is given up once most seeds missed the fault.

- **plain**, a baseline: nested Hypothesis strategies (lists of transfers, burns, multisigs and
  nonce bumps between accounts that are rich, with right nonces and sufficient fees), real threads,
  the same comparison. Its source is `benchmarks/detection/plain.py`.
- **threads**, a baseline: lockstep's own cases, each executed once on real threads.
- **delays**: the same with the delays that `--driver threads` injects, so a part of lockstep.
- **lockstep**: lockstep's own cases under its mix of schedules. Only this lane can replay a
  failure and shrink its interleaving.

The baselines' threads take turns every 10 microseconds (`sys.setswitchinterval`): with Python's own
5 milliseconds a block would be over before the first turn, and they would find next to no race. A
fault that needs no interleaving is met by the first execution of the case that shows it, whoever
runs it: there, lockstep and the lanes with its cases differ by what one execution costs, and by the
further schedules that lockstep runs for a contested block. An onlooker that looks at storage while
a block is executed (T14b) exists in lockstep's lane alone.
"""


def compared(faults: Sequence[Fault], effort: Mapping[str, float]) -> Iterator[str]:
    """Give the lines of the comparison: a row a fault, then the totals."""
    yield HEAD.format(**effort)
    names = (*OTHERS, "lockstep")
    yield "| mutant | " + " | ".join(names) + " | better baseline / lockstep |"
    yield "|" + " --- |" * (len(names) + 2)
    for each in faults:
        cells = [_seconds(each.lanes[name]) for name in names]
        ratio = _ratio(each)
        yield "| " + " | ".join([each.id, *cells, "" if ratio is None else f"{ratio:.1f}"]) + " |"
    yield ""
    for name in names:
        lanes = [each.lanes[name] for each in faults]
        found = sum(lane.seconds is not None for lane in lanes)
        yield f"- {name} finds {found} of {len(lanes)}"
    for name in OTHERS:
        yield from _both(faults, name)
        yield _with_misses(faults, name, effort)
    yield from _one_by_one(faults)


def _both(faults: Sequence[Fault], name: str) -> Iterator[str]:
    """Compare on what lockstep and another lane both find."""
    pairs = [
        (theirs.seconds[0], ours.seconds[0])
        for theirs, ours in ((each.lanes[name], each.lanes["lockstep"]) for each in faults)
        if theirs.seconds is not None and ours.seconds is not None
    ]
    if pairs:
        theirs, ours = (sum(values) for values in zip(*pairs, strict=True))
        yield (
            f"- on the {len(pairs)} that {name} finds too, all together: "
            f"{theirs:.2f} CPU-seconds against {ours:.2f}, {theirs / ours:.1f} times"
        )


def _with_misses(faults: Sequence[Fault], name: str, effort: Mapping[str, float]) -> str:
    """Compare on all faults; one that a lane misses counts with what the lane might spend."""
    theirs, ours = (
        sum(lane.seconds[0] if lane.seconds else spent for lane in lanes)
        for lanes, spent in (
            ([each.lanes[name] for each in faults], effort["baseline"]),
            ([each.lanes["lockstep"] for each in faults], effort["ours"]),
        )
    )
    return (
        f"- on all {len(faults)}, where a miss counts as the CPU-seconds spent on it, "
        f"{name}: {theirs:.2f} against {ours:.2f}, {theirs / ours:.1f} times"
    )


def _one_by_one(faults: Sequence[Fault]) -> Iterator[str]:
    ratios = [ratio for ratio in map(_ratio, faults) if ratio is not None]
    if ratios:
        five = sum(ratio >= 5 for ratio in ratios)
        yield (
            f"- better baseline against lockstep, mutant by mutant: median {median(ratios):.1f} "
            f"times, at least 5 times for {five} of {len(ratios)}"
        )


def _ratio(fault: Fault) -> float | None:
    theirs = [lane.seconds[0] for lane in map(fault.lanes.get, BASELINES) if lane and lane.seconds]
    ours = fault.lanes["lockstep"].seconds
    return min(theirs) / ours[0] if theirs and ours else None


def _seconds(lane: Lane) -> str:
    if lane.seconds is None:
        return f"not found ({lane.found}/{lane.tried})"
    return f"{lane.seconds[0]:.3f} ({lane.found}/{lane.tried})"
