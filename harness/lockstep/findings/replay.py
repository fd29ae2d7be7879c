"""Runs a saved case again and holds what happens against what the file says."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.case.file import Record, Setting
from lockstep.findings.by_schedule import draw
from lockstep.findings.drift import reference_drift
from lockstep.findings.replayed import BroughtBack
from lockstep.findings.way_back import way_back
from lockstep.run.stores import Stores
from lockstep.schedules.strategy import Strategy
from lockstep.targets.named import as_chosen, open_lane
from lockstep.targets.target import Target
from lockstep.verdict import Difference


@dataclass(frozen=True, slots=True)
class Replayed(BroughtBack):
    """A saved case brought back; ``drift`` is where the reference says what it does not expect."""

    drift: tuple[Difference, ...] = ()


def replay(
    record: Record,
    stores: Stores,
    setting: Setting | None = None,
    target: Target | None = None,
    *,
    strict: bool = False,
    strategy: Strategy | None = None,
) -> Replayed:
    """Run ``record`` in its own way, under its own setting unless another is given.

    A strict replay takes nothing but what was recorded. A ``strategy`` draws schedules in place of
    what was recorded. Raises ``UsageError`` where the interleavings are the target's own.
    """
    with open_lane(setting or record.setting or Setting(), stores, target) as lane:
        if strategy is None:
            back = way_back(lane, record.verdict, record.after).replay(record, strict=strict)
        else:
            back = draw(record, as_chosen(lane), strategy)
    return Replayed(back.run, back.rung, back.unmet, reference_drift(record, back.run))
