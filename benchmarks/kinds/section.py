"""Writes the measurements of kinds as a section of ``docs/detection.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.kinds.kept import Measured, Pair, Sorted

HEAD = """\
## Kinds of failure

Written from what `python -m benchmarks.kinds` measured; it takes a part with `--only`, and goes on
with what is not measured yet. A campaign of {cases} cases runs against each fault, with shrinking,
in memory. *Bins* is what its failures look like before they are shrunk, *kinds* what is told:
[docs/kinds.md](kinds.md). One fault should be one kind.
"""

BEFORE = (
    "before, by the first difference, over 300 cases: "
    "median 3, ninth decile 13, most 16, 264 in all"
)

PAIRS = """\
Two faults planted in one executor, drawn at random from those that can be, and one chosen: T02a
shows in almost every block, T21 needs a second one. They are *told apart* when each was reported as
a kind of its own: what leads the differences of its case is wrong on the executor with that fault
alone, too, and right on the one with the other. CPU-seconds are those of a whole campaign up to
there, with shrinking; *alone* those of the fault that took longer in an executor of its own.
"""


def section(measured: Measured) -> Iterator[str]:
    """Yield the lines of the section; nothing if nothing was measured."""
    faults = [each for each in measured.faults.values() if each.bins]
    if not faults:
        return
    yield HEAD.format(cases=max(each.cases for each in faults))
    yield from (f"- {line}" for line in _faults(measured, faults))
    yield ""
    yield "| mutant | failing cases | bins | kinds | CPU-seconds | forms |"
    yield "|" + " --- |" * 6
    for each in faults:
        forms = "; ".join(each.forms).replace("|", "\\|")
        yield (
            f"| {each.id} | {each.failing} of {each.cases} | {each.bins} | {each.kinds} "
            f"| {each.seconds:.1f} | {forms} |"
        )
    yield ""
    if measured.pairs:
        yield from _pairs(list(measured.pairs.values()))


def _faults(measured: Measured, faults: Sequence[Sorted]) -> Iterator[str]:
    yield from (f"{name}: {fact}" for name, fact in sorted(measured.machine.items()))
    unmet = [each.id for each in measured.faults.values() if not each.bins]
    for name, counts in (
        ("bins", sorted(each.bins for each in faults)),
        ("kinds", sorted(each.kinds for each in faults)),
    ):
        yield (
            f"{name} a fault, of {len(counts)} faults: median {counts[len(counts) // 2]}, "
            f"ninth decile {counts[len(counts) * 9 // 10]}, most {counts[-1]}, {sum(counts)} in all"
        )
    yield BEFORE
    if unmet:
        yield f"not met by so few cases, so not counted: {', '.join(unmet)}"


def _pairs(pairs: Sequence[Pair]) -> Iterator[str]:
    there = [each for each in pairs if not each.hidden]
    apart = [each for each in there if each.apart is not None]
    quick = [each for each in apart if _times(each) <= 3]
    yield "### Two faults in one executor\n"
    yield PAIRS
    yield f"- pairs measured: {len(there)}, of 100 that are to be; told apart: {len(apart)}"
    yield f"- within three times the CPU-seconds that the slower needs alone: {len(quick)}"
    for each in pairs:
        if each.hidden:
            yield f"- left out, {each.name}: {each.hidden} makes no difference beside the other"
    yield ""
    yield "| pair | slower alone | told apart | times | kinds by then |"
    yield "|" + " --- |" * 5
    for each in there:
        alone = "not met" if each.alone is None else f"{each.alone:.2f}"
        seconds = "never" if each.apart is None else f"{each.apart:.2f}"
        times = "" if each.apart is None else f"{_times(each):.1f}"
        yield f"| {each.name} | {alone} | {seconds} | {times} | {each.kinds} |"
    yield ""


def _times(pair: Pair) -> float:
    if pair.alone is None or pair.apart is None:
        return float("inf")
    return pair.apart / max(pair.alone, 0.001)
