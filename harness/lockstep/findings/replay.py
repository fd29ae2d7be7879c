"""Runs a saved case again and holds what happens against what the file says."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.case.file import Record, Setting
from lockstep.case.judging import SEQUENTIAL
from lockstep.findings.by_schedule import draw
from lockstep.findings.drift import drift
from lockstep.findings.replayed import BroughtBack
from lockstep.findings.way_back import way_back
from lockstep.run.stores import Stores
from lockstep.schedules.strategy import Strategy
from lockstep.targets.named import as_chosen, open_lane
from lockstep.targets.target import Target
from lockstep.verdict import Difference


@dataclass(frozen=True, slots=True)
class Replayed(BroughtBack):
    """A saved case brought back; ``drift`` is where the oracle says what it does not expect."""

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
    own = record.setting or Setting()
    setting = setting or own
    with open_lane(setting, stores, target) as lane:
        if strategy is None:
            back = way_back(lane, record.verdict, record.after).replay(record, strict=strict)
        else:
            back = draw(record, as_chosen(lane), strategy)
    same = _same_oracle(own, setting)
    return Replayed(back.run, back.rung, back.unmet, drift(record, back.run) if same else ())


def _same_oracle(own: Setting, setting: Setting) -> bool:
    """Tell whether what a file expects was said by whoever is asked now."""
    oracle = setting.judging.oracle
    same = oracle == own.judging.oracle
    return same and (oracle != SEQUENTIAL or setting.executor == own.executor)
