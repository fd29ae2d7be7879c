"""Everything an explanation says, as lines of text: plain data in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lockstep.case.deviation import task_name
from lockstep.explain.likelihood import Likelihood, greatest_jump
from lockstep.explain.observe import ObservedBlock, Touch
from lockstep.explain.race import OtherRead, Race, Reversal
from lockstep.explain.sentence import sentence
from lockstep.explain.timeline import timeline
from lockstep.explain.words import did, location_text, percent_text, value_text
from lockstep.schedules.conflict import contested

SHOWN = 12


def race_lines(race: Race, shares: Sequence[Likelihood], *, all_steps: bool) -> Iterator[str]:
    """Say how the race came about: in a sentence, as data, step by step, by likelihood."""
    yield f"race: {sentence(race)}"
    if race.reversals:
        yield "conflicts in another order than sequentially:"
        yield from _first(_reversal_text(each) for each in race.reversals)
    if race.reads:
        yield "reads that saw another write than sequentially:"
        yield from _first(_read_text(each) for each in race.reads)
    yield from timeline(race, {each.steps: each.share for each in shares}, all_steps=all_steps)
    if shares:
        yield likelihood_line(race.here, shares)


def likelihood_line(block: ObservedBlock, shares: Sequence[Likelihood]) -> str:
    """Say which step made the failure most likely."""
    jump = greatest_jump(shares)
    if jump is None:
        return (
            f"failure was at {percent_text(shares[0].share)} all along: no step made it more likely"
        )
    return (
        f"failure went from {percent_text(jump.before)} to {percent_text(jump.after)} "
        f"when {_deed(block, jump.step)}"
    )


def _deed(block: ObservedBlock, step: int) -> str:
    """Say what a step did to the locations that others contest, to any if there are none."""
    here, locations = block.trace[step].round, contested(block.trace)
    every = [each for each in block.touches if each.number == step]
    touches = [each for each in every if (here, each.location) in locations] or every
    if not touches:
        return f"{task_name(block.trace[step].task, block.ids)} took step {step + 1}"
    others = " and ".join(["", *(location_text(each.location) for each in touches[1:])])
    return f"{touches[0].transaction} {did(touches[0])}{others}"


def _reversal_text(reversal: Reversal) -> str:
    first, second = reversal.first, reversal.second
    return (
        f"{location_text(reversal.location)}: {first.transaction} {_past(first)} (step "
        f"{first.number + 1}) before {second.transaction} {_past(second)} (step "
        f"{second.number + 1})"
    )


def _past(touch: Touch) -> str:
    return did(touch).partition(" ")[0]


def _read_text(read: OtherRead) -> str:
    return (
        f"{location_text(read.location)}: {read.transaction} saw {value_text(read.seen)} "
        f"{_by(read.writer)}; sequentially {value_text(read.sequentially)} "
        f"{_by(read.sequential_writer)}"
    )


def _by(writer: str | None) -> str:
    return "from before the block" if writer is None else f"by {writer}"


def _first(texts: Iterable[str]) -> Iterator[str]:
    found = list(dict.fromkeys(texts))
    yield from (f"  {text}" for text in found[:SHOWN])
    if len(found) > SHOWN:
        yield f"  and {len(found) - SHOWN} more"
