"""One sentence that says how a race came about.

Invariant: a sentence says only what the ``Race`` holds. What fits none of the known patterns names
a reversed conflict; a race without one, or of speculation, is ``UNEXPLAINED``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockstep.case.deviation import Deviation
from lockstep.case.values import Case
from lockstep.explain.incarnations import given_up
from lockstep.explain.investigate import investigate_race
from lockstep.explain.observe import Touch
from lockstep.explain.race import (
    LostUpdate,
    OtherRead,
    OtherResult,
    Race,
    Reversal,
    published,
)
from lockstep.explain.speculated import is_speculative, speculated
from lockstep.explain.words import did, location_text, value_text
from lockstep.targets.steered import SteeredLane

UNEXPLAINED = "unexplained"
GIVEN_UP = "the speculation was given up, and what was executed in order instead ends otherwise"


def race_sentence(lane: SteeredLane, case: Case, schedule: Sequence[Deviation]) -> str:
    """Explain why ``case`` fails under ``schedule``; whatever goes wrong, it is a sentence."""
    try:
        race = investigate_race(lane, case, schedule).race
        return UNEXPLAINED if race is None else sentence(race)
    except Exception:
        return UNEXPLAINED


def sentence(race: Race) -> str:
    """Return the first explanation of ``race`` that fits."""
    return next(_explanations(race), UNEXPLAINED)


def _explanations(race: Race) -> Iterator[str]:
    """Give explanations, the best first.

    Of speculation, of a changed result, of a lost update, of any read.
    """
    if given_up(race.here):
        yield GIVEN_UP
        return
    if is_speculative(race):
        yield from speculated(race)
        return
    differing = [read for read in race.reads if read.differs]
    for result in race.results:
        # The last thing that a failing transaction read is what decided it.
        for read in reversed(differing):
            if read.transaction == result.transaction:
                yield from _misread(race, read, result)
    for lost in race.lost_updates:
        yield _overwritten(lost)
    for read in differing:
        yield from _misread(race, read, None)
    for reversal in race.reversals:
        yield _reversed(reversal)


def _misread(race: Race, read: OtherRead, result: OtherResult | None) -> Iterator[str]:
    """Explain a read that came too early or too late, if it did."""
    missed = _late_write(race, read)
    if missed is not None:
        yield _absence(read, missed) or _stale(race, read, missed, result)
    elif read.writer is not None and _comes_after(race, read, read.writer):
        yield _presence(read) or _premature(race, read, result)


def _late_write(race: Race, read: OtherRead) -> Touch | None:
    """Return the write that the read sees sequentially and that came after it here."""
    if read.sequential_writer is None:
        return None
    write = published(race.here, read.sequential_writer, read.location)
    return write if write is not None and write.number > read.number else None


def _comes_after(race: Race, read: OtherRead, writer: str) -> bool:
    """Tell whether ``writer`` writes only after the read in the sequential run, or never."""
    order = [touch for touch in race.sequentially.touches if touch.location == read.location]
    own = next(each.number for each in order if each.address == read.step)
    return not any(
        each.transaction == writer and each.writes and each.number < own for each in order
    )


def _absence(read: OtherRead, missed: Touch) -> str | None:
    if read.location[0] != "exists" or read.seen is not False:
        return None
    return (
        f"{read.transaction} found no {location_text(read.location)}, "
        f"because {missed.transaction} had not published it yet"
    )


def _presence(read: OtherRead) -> str | None:
    if read.location[0] != "exists" or read.seen is not True:
        return None
    return (
        f"{read.transaction} found {location_text(read.location)}, "
        f"because {read.writer} had published it already"
    )


def _stale(race: Race, read: OtherRead, missed: Touch, result: OtherResult | None) -> str:
    return (
        f"{read.transaction} read {location_text(read.location)} as {value_text(read.seen)} "
        f"before {missed.transaction} published {value_text(missed.value)}"
        + _consequence(race, read, result)
    )


def _premature(race: Race, read: OtherRead, result: OtherResult | None) -> str:
    return (
        f"{read.transaction} read {location_text(read.location)} as {value_text(read.seen)}, "
        f"which {read.writer} had published already" + _consequence(race, read, result)
    )


def _consequence(race: Race, read: OtherRead, result: OtherResult | None) -> str:
    """Say what the reader did with what it read, here and sequentially."""
    if result is not None:
        there = result.sequentially or "no receipt"
        return f", and ended with {result.here or 'no receipt'}; sequentially with {there}"
    here = published(race.here, read.transaction, read.location)
    there_too = published(race.sequentially, read.transaction, read.location)
    if here is None or there_too is None:
        return f"; sequentially it reads {value_text(read.sequentially)}"
    return f", and published {value_text(here.value)}; sequentially {value_text(there_too.value)}"


def _overwritten(update: LostUpdate) -> str:
    read, lost, over = update.read, update.lost, update.over
    return (
        f"{read.transaction} read {location_text(update.location)} as {value_text(read.value)} "
        f"before {lost.transaction} published {value_text(lost.value)}, and published "
        f"{value_text(over.value)} over it; it ends as {value_text(update.end)}, "
        f"sequentially {value_text(update.sequential_end)}"
    )


def _reversed(reversal: Reversal) -> str:
    first, second = reversal.first, reversal.second
    return (
        f"{first.transaction} {did(first)} before {second.transaction} "
        f"{did(second).partition(' ')[0]} it; sequentially after"
    )
