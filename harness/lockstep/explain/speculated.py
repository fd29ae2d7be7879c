"""Explanations of what went wrong in speculation: by transaction and incarnation, not by worker.

Invariant: a text says only what the incarnations of the failing run show.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.explain.incarnations import (
    Abandoned,
    Incarnation,
    LeftBehind,
    Stale,
    abandoned,
    final_memory,
    incarnations_of,
    last_of_each,
    left_behind,
    stale_reads,
)
from lockstep.explain.race import OtherRead, OtherResult, Race
from lockstep.explain.speculation import seen_below
from lockstep.explain.words import location_text, value_text
from lockstep_ledger.outcome import Code
from lockstep_parallel.executors.optimistic.chain import Addition, Version


def is_speculative(race: Race) -> bool:
    """Tell whether the executor speculates: then nobody writes over what another wrote."""
    return bool(incarnations_of(race.here))


def speculated(race: Race) -> Iterator[str]:
    """Give explanations, the best first."""
    incarnations = incarnations_of(race.here)
    yield from (_left(race, each) for each in left_behind(race.here))
    yield from (_abandoned(race, each) for each in abandoned(race.here))
    yield from (_stale(race, each) for each in stale_reads(race.here))
    for result in race.results:
        yield from _old_receipt(race, result, incarnations)
    for read in race.reads:
        if read.differs and read.writer is None and read.sequential_writer is None:
            yield _remembered(race, read)


def _abandoned(race: Race, found: Abandoned) -> str:
    who = race.here.ids[found.transaction]
    waited = ""
    if found.waited_for is not None:
        waited = f" waited for {race.here.ids[found.waited_for]}"
    if found.last is None:
        return f"{who}{waited} and was never executed to its end"
    again = f"{waited} and" if waited else ""
    return (
        f"incarnation {found.last.version.incarnation} of {who} was aborted, and {who}{again} "
        "was never executed to its end again"
    )


def _left(race: Race, found: LeftBehind) -> str:
    who = race.here.ids[found.version.transaction]
    first, *others = found.locations
    more = f" and {len(others)} more" if others else ""
    return (
        f"incarnation {found.version.incarnation} of {who} wrote {location_text(first)}{more} and "
        f"was aborted; incarnation {found.last.version.incarnation}{_ended(found.last)} and does "
        "not write there, but what the aborted one had left was not removed"
    )


def _ended(last: Incarnation) -> str:
    result = last.record.result
    return f" ended with {result.name}" if isinstance(result, Code) else " crashed"


def _stale(race: Race, stale: Stale) -> str:
    """Say what was read too early, why nobody noticed, and what came of it."""
    reader, read, ids = stale.reader, stale.read, race.here.ids
    return (
        f"{ids[reader.version.transaction]} read {location_text(read.location)} as "
        f"{value_text(read.seen.value)} in incarnation {reader.version.incarnation}, "
        f"{_source(read.seen.writers, ids)}{_missed(stale, ids)}, {_unnoticed(stale)}; "
        f"{_consequence(race, stale)}"
    )


def _source(writers: tuple[Version, ...], ids: tuple[str, ...]) -> str:
    if not writers:
        return ""
    return f"as of incarnation {writers[0].incarnation} of {ids[writers[0].transaction]}, "


def _missed(stale: Stale, ids: tuple[str, ...]) -> str:
    if stale.missed is None:
        return f"which was taken back: it is {value_text(stale.now.value)}"
    writer = stale.missed.version
    entry = stale.missed.record.writes.get(stale.read.location)
    verb = "added" if isinstance(entry, Addition) else "published"
    told = entry.amount if isinstance(entry, Addition) else entry
    return (
        f"before {ids[writer.transaction]} {verb} {value_text(told)} in incarnation "
        f"{writer.incarnation}"
    )


def _unnoticed(stale: Stale) -> str:
    if not stale.recorded:
        return "and its read set does not hold that read"
    if stale.found_valid:
        return "and was found valid all the same"
    return "and was never validated again" if stale.reader.by_worker else "and was not run again"


def _consequence(race: Race, stale: Stale) -> str:
    index, location = stale.reader.version.transaction, stale.read.location
    who = race.here.ids[index]
    for result in race.results:
        if result.transaction == who:
            there = result.sequentially or "no receipt"
            return f"its receipt {result.here or 'none'} is stale, sequentially {there}"
    sequential = final_memory(race.sequentially).get(location)
    own = stale.reader.record.writes.get(location)
    if sequential is None or own is None:
        return f"at the end it is {value_text(stale.now.value)}"
    there_too = seen_below(sequential, index + 1).value
    return f"it published {value_text(own)}, sequentially {value_text(there_too)}"


def _old_receipt(race: Race, result: OtherResult, incarnations: list[Incarnation]) -> Iterator[str]:
    """Explain a receipt that is not the one of the transaction's last incarnation."""
    index = race.here.ids.index(result.transaction)
    last = last_of_each(incarnations).get(index)
    if last is None or _code(last) == result.here:
        return
    for each in incarnations:
        if each.version.transaction == index and _code(each) == result.here:
            yield (
                f"the receipt {result.here} of {result.transaction} is that of incarnation "
                f"{each.version.incarnation}; incarnation {last.version.incarnation}{_ended(last)}"
            )


def _code(incarnation: Incarnation) -> str | None:
    result = incarnation.record.result
    return result.name if isinstance(result, Code) else None


def _remembered(race: Race, read: OtherRead) -> str:
    """Explain a value that was there before the block, and that nothing stored accounts for."""
    text = (
        f"{read.transaction} read {location_text(read.location)} as {value_text(read.seen)} before "
        f"anybody in its block wrote there, sequentially {value_text(read.sequentially)}"
    )
    for block in reversed(race.earlier):
        incarnations = incarnations_of(block)
        last = last_of_each(incarnations)
        for each in incarnations:
            wrote = each.record.writes.get(read.location)
            who = each.version.transaction
            if wrote == read.seen and last[who] is not each:
                return (
                    f"{text}: incarnation {each.version.incarnation} of {block.ids[who]} had "
                    "published that in an earlier block and was aborted"
                )
    return text
